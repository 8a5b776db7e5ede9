/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;

/**
 * Has the file of a region cut by another process, and uses the region: that may fail, and neither
 * end the JVM nor harm another region. What a cut region has is nobody's loss.
 */
final class VictimActs {
  private static final int PAGE_BYTES = 4096;
  private static final int PAGES = 64;
  private static final long PATIENCE_SECONDS = 20;

  /** Begins the names of victims, which no book has. */
  static final String PREFIX = "victim-";

  private final Workplace at;
  private final Consumer<String> asks;
  private final BlockingQueue<String> cuts = new LinkedBlockingQueue<>();

  VictimActs(Workplace at, Consumer<String> asks) {
    this.at = at;
    this.asks = asks;
  }

  /** A file was cut. */
  void cut(String path) {
    cuts.add(path);
  }

  void act() throws MemoryException {
    List<String> stores = new ArrayList<>(at.able(Capability.NAMED));
    stores.remove(Suite.MANAGED);
    Optional<String> store = at.any(stores);
    if (store.isEmpty()) {
      return;
    }
    String name = PREFIX + Long.toHexString(at.newKey());
    MemoryProvider provider = at.suite.provider(store.get());
    MemoryRegion region =
        provider.allocate(RegionRequest.ofSize((long) PAGES * PAGE_BYTES).withName(name));
    try {
      Path path = region.info().path();
      if (path != null) {
        use(region);
        asks.accept(path.toString());
        if (await(path.toString())) {
          useAfterCut(region);
        }
      }
    } finally {
      try {
        region.close();
      } catch (UncheckedIOException e) {
        at.tallies.refused(Act.CUT.word(), String.valueOf(e.getMessage()));
      }
    }
    provider.delete(name, Deletion.DEFAULT);
  }

  private boolean await(String path) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    boolean interrupted = false;
    try {
      while (deadline - System.nanoTime() > 0) {
        try {
          String cut = cuts.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
          if (path.equals(cut)) {
            return true;
          }
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      return false; // the conductor has ended, or had no time
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void use(MemoryRegion region) {
    try (Access access = region.acquire()) {
      access.segment().fill((byte) 1);
    }
  }

  /** Uses it in several ways. Each may fail as a lost page does, and as nothing else. */
  private void useAfterCut(MemoryRegion region) {
    for (int way = 0; way < 4; way++) {
      try (Access access = region.acquire()) {
        MemorySegment page =
            access.segment().asSlice(at.random.nextInt(PAGES) * (long) PAGE_BYTES, PAGE_BYTES);
        switch (way) {
          case 0 -> MemorySegment.copy(page, JAVA_BYTE, 0, new byte[1], 0, 1);
          case 1 -> page.set(JAVA_LONG_UNALIGNED, 8, 3);
          case 2 -> page.fill((byte) 4);
          default ->
              MemorySegment.copy(
                  access.segment(),
                  JAVA_BYTE,
                  0,
                  new byte[PAGES * PAGE_BYTES],
                  0,
                  PAGES * PAGE_BYTES);
        }
      } catch (InternalError | IllegalStateException e) {
        // What a page with nothing behind it is to its user.
        at.tallies.refused(Act.CUT.word(), String.valueOf(e.getMessage()));
      }
    }
    try {
      region.force();
    } catch (MemoryException | RuntimeException e) {
      at.tallies.refused(Act.CUT.word(), String.valueOf(e.getMessage()));
    }
  }
}
