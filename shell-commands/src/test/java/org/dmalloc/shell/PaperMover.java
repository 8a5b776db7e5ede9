/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.move.LeakedRegion;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveReason;
import org.dmalloc.api.move.MoveRecord;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.jspecify.annotations.Nullable;

/** Moves regions of a provider on paper: it keeps the books, and the bytes stay where they are. */
public final class PaperMover implements RegionMover {
  static final long INNER = 1_000_000;

  public final List<LeakedRegion> leaks = new CopyOnWriteArrayList<>();
  public final List<MoveOptions> options = new CopyOnWriteArrayList<>();
  public final List<Long> pinned = new CopyOnWriteArrayList<>();
  public final CountDownLatch started = new CountDownLatch(1);
  public volatile boolean waits;

  private final InMemoryProvider managed;
  private final Map<Long, ManagedRegionInfo> books = new ConcurrentSkipListMap<>();

  public PaperMover(InMemoryProvider managed) {
    this.managed = managed;
  }

  @Override
  public MoveResult move(long id, String backend, MoveOptions asked, ProgressListener progress)
      throws MemoryException {
    ManagedRegionInfo info = managed(id).orElseThrow();
    options.add(asked);
    try {
      return move(info, backend, progress);
    } catch (IllegalStateException | MemoryException e) {
      note(info, info.backend(), backend, null, e.getMessage());
      throw e;
    }
  }

  private MoveResult move(ManagedRegionInfo info, String backend, ProgressListener progress)
      throws MemoryException {
    if (pinned.contains(info.id())) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "move of region %d: it is pinned by segment(), taken by bundle importer; use"
                  + " acquire() in place of it, or close and open the region",
              info.id()));
    }
    started.countDown();
    while (waits) {
      if (Thread.currentThread().isInterrupted()) {
        throw MemoryException.of("move", "", "cancelled by an interrupt", "nothing has changed");
      }
      Thread.onSpinWait();
    }
    progress.progressed(4096, 4096);
    String from = info.backend();
    MoveResult result =
        from.equals(backend)
            ? new MoveResult(info.id(), from, backend, 4096, 0, 0, 0, 0, MoveMethod.NONE, "")
            : new MoveResult(
                info.id(),
                from,
                backend,
                4096,
                8192,
                3,
                140_000,
                2_000_000,
                MoveMethod.COPY,
                "userfaultfd");
    note(info, backend, backend, result, null);
    return result;
  }

  private void note(
      ManagedRegionInfo info,
      String now,
      String to,
      @Nullable MoveResult result,
      @Nullable String failure) {
    List<MoveRecord> history = new ArrayList<>(info.history());
    history.add(
        new MoveRecord(Instant.EPOCH, info.backend(), to, MoveReason.COMMAND, result, failure));
    books.put(
        info.id(),
        new ManagedRegionInfo(
            info.id(),
            info.carried(),
            now,
            now,
            info.bundle(),
            info.moves() + (result == null ? 0 : 1),
            history,
            null));
  }

  @Override
  public List<ManagedRegionInfo> managed() {
    return managed.regions().stream().map(MemoryRegion::id).map(this::book).toList();
  }

  private ManagedRegionInfo book(long id) {
    return books.computeIfAbsent(
        id,
        i ->
            new ManagedRegionInfo(
                i, Set.of(INNER + i), "memory", "memory", "test.bundle", 0, List.of(), null));
  }

  @Override
  public List<LeakedRegion> leaks() {
    return List.copyOf(leaks);
  }
}
