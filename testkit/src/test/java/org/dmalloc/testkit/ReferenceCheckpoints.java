/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.jspecify.annotations.Nullable;

/** Checkpoints of {@link ReferenceRegion}s, whose files have the bytes of the last one. */
final class ReferenceCheckpoints implements CheckpointGroup {
  private final String name;
  private final Duration timeout;
  private final Set<Flaw> flaws;
  private final ReferenceGate gate;
  private final List<ReferenceRegion> regions = new CopyOnWriteArrayList<>();
  private CheckpointOptions options = CheckpointOptions.DEFAULT;
  private long number;

  ReferenceCheckpoints(String name, Duration timeout, Set<Flaw> flaws) {
    this.name = name;
    this.timeout = timeout;
    this.flaws = flaws;
    this.gate = new ReferenceGate(flaws);
  }

  ReferenceGate gate() {
    return gate;
  }

  synchronized void join(ReferenceRegion region, CheckpointOptions asked) {
    if (regions.isEmpty()) {
      options = asked;
    }
    regions.add(region);
  }

  /** Keeps what a region has, if it is to, and lets it go; the gate is shut. */
  void leave(ReferenceRegion region) {
    boolean keeps = options.onClose() || flaws.contains(Flaw.CLOSE_NEVER_DISCARDS);
    if (keeps && !flaws.contains(Flaw.CLOSE_ALWAYS_DISCARDS)) {
      keep();
    }
    regions.remove(region);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<MemoryRegion> regions() {
    return List.copyOf(regions);
  }

  private void run(Runnable action) {
    if (regions.isEmpty() && !flaws.contains(Flaw.CLOSED_CHECKPOINTED)) {
      throw new IllegalStateException("region is closed");
    }
    if (flaws.contains(Flaw.CUT_INSIDE_SECTIONS)) {
      action.run();
    } else {
      gate.alone(timeout, action);
    }
  }

  @Override
  public long checkpoint(ProgressListener progress) throws MemoryException {
    try {
      progress.progressed(0, -1);
    } catch (RuntimeException e) {
      if (!flaws.contains(Flaw.CHECKPOINT_NOT_CANCELLED)) {
        throw MemoryException.of("checkpoint", -1, name, "cancelled", 0, "", e);
      }
    }
    run(this::keep);
    return number;
  }

  private synchronized void keep() {
    boolean changed = flaws.contains(Flaw.NUMBERS_ALWAYS_GROW);
    for (ReferenceRegion region : regions) {
      if (!flaws.contains(Flaw.GROUP_IGNORED) || region.equals(regions.getFirst())) {
        try {
          changed |= region.keep();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    number += changed ? 1 : 0;
  }

  @Override
  public void discard() {
    run(
        () -> {
          for (ReferenceRegion region : regions) {
            try {
              region.goBack();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });
  }

  @Override
  public void awaitApplied() {}

  @Override
  public synchronized CheckpointStatus status() {
    @Nullable String failure = null;
    return new CheckpointStatus(number, Instant.EPOCH, number, 0, 1L << 30, 0, null, failure);
  }
}
