/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.PAGE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.backing.DirtyTracking;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The private copies of a file's pages, and which of them were stored to since they were armed. */
final class PrivatePagesTest {
  private static final long PAGES = 8 * MIB / PAGE + 3;
  private static final long SIZE = PAGES * PAGE - 100;

  /** So that the data does not begin where an area of pages does. */
  private static final long FILE_OFFSET = 5 * PAGE;

  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime());

  @TempDir Path directory;

  @BeforeEach
  void printSeed() {
    System.out.println("PrivatePagesTest: -Ddmalloc.seed=" + SEED);
  }

  private OpenFile file() throws MemoryException {
    return LinuxTests.reservedFile(directory, FILE_OFFSET + 2 * SIZE);
  }

  private static Mapping map(OpenFile file) throws MemoryException {
    return Mapping.ofFile(
        file, FILE_OFFSET, SIZE, 2 * SIZE, MappingKind.PRIVATE_UNPROMISED, PageSize.DEFAULT);
  }

  private static void assumeTracks(PrivatePages own) {
    LinuxTests.assume(own.tracks(), "no asynchronous write protection here");
  }

  private static Set<Long> changed(PrivatePages own, boolean arm) throws MemoryException {
    Set<Long> pages = new TreeSet<>();
    own.changed(
        0,
        4 * SIZE,
        arm,
        (offset, length) -> {
          assertEquals(0, offset % PAGE);
          for (long page = offset / PAGE; page * PAGE < offset + length; page++) {
            pages.add(page);
          }
        });
    return pages;
  }

  private static byte load(Mapping mapping, long page) {
    return mapping.segment().get(JAVA_BYTE, page * PAGE);
  }

  private static void store(Mapping mapping, long page, byte value) {
    mapping.segment().set(JAVA_BYTE, page * PAGE, value);
  }

  /** Loads, stores, walks and drops in any order; the file changes below as by checkpoints. */
  @Test
  void showsExactlyWhatWasStored() throws Exception {
    RandomGenerator random = new SplittableRandom(SEED);
    try (OpenFile file = file();
        Mapping mapping = map(file);
        Mapping below = LinuxTests.shared(file, FILE_OFFSET + 2 * SIZE);
        PrivatePages own = new PrivatePages(mapping, "test")) {
      assumeTracks(own);
      Set<Long> stored = new TreeSet<>();
      Set<Long> armed = new TreeSet<>();
      long pages = PAGES;
      for (int step = 0; step < 3000; step++) {
        long page = random.nextLong(pages);
        switch (random.nextInt(9)) {
          case 0, 1, 2 -> {
            store(mapping, page, (byte) step);
            stored.add(page);
            armed.remove(page);
          }
          case 3, 4 -> {
            byte shown = load(mapping, page);
            if (!stored.contains(page) && !armed.contains(page)) {
              assertEquals(below.segment().get(JAVA_BYTE, FILE_OFFSET + page * PAGE), shown);
            }
          }
          case 5 -> {
            assertEquals(stored, changed(own, true), "step " + step);
            armed.addAll(stored);
            stored.clear();
          }
          case 6 -> assertEquals(stored, changed(own, false), "step " + step);
          case 7 -> {
            List<Long> known = new ArrayList<>(armed);
            if (!known.isEmpty()) {
              long dropped = known.get(random.nextInt(known.size()));
              own.drop(new long[] {dropped * PAGE}, new long[] {PAGE});
              armed.remove(dropped);
            }
            below.segment().set(JAVA_BYTE, FILE_OFFSET + page * PAGE, (byte) step);
          }
          default -> {
            if (random.nextInt(100) == 0) {
              own.dropAll();
              stored.clear();
              armed.clear();
            } else if (random.nextInt(200) == 0 && pages == PAGES) {
              mapping.grow(2 * SIZE);
              pages = 2 * SIZE / PAGE;
            }
          }
        }
      }
      assertEquals(stored, changed(own, true));
      assertEquals(Set.of(), changed(own, true));
    }
  }

  @Test
  void losesNoStoreOfThreadsAtWork() throws Exception {
    RandomGenerator seeds = new SplittableRandom(SEED);
    // Anew each time: where nothing is armed yet, walks and first stores meet.
    for (int round = 0; round < 20; round++) {
      try (OpenFile file = file();
          Mapping mapping = map(file);
          Mapping copy = Mapping.anonymous("copy", SIZE, PageSize.DEFAULT);
          PrivatePages own = new PrivatePages(mapping, "test")) {
        AtomicBoolean stop = new AtomicBoolean();
        RandomGenerator random = new SplittableRandom(seeds.nextLong());
        Thread writer =
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (long i = 1; !stop.get(); i++) {
                        long offset = random.nextLong(SIZE / 8) * 8;
                        if (i % 4 == 0) {
                          mapping.segment().set(JAVA_LONG, offset, i);
                        } else {
                          mapping.segment().get(JAVA_LONG, offset);
                        }
                      }
                    });
        DirtyTracking.Visitor copying =
            (offset, length) ->
                MemorySegment.copy(
                    mapping.segment(),
                    offset,
                    copy.segment(),
                    offset,
                    Math.min(length, SIZE - offset));
        for (int walk = 0; walk < 10; walk++) {
          own.changed(0, SIZE, true, copying);
        }
        stop.set(true);
        writer.join();
        own.changed(0, SIZE, true, copying);
        assertEquals(-1, mapping.segment().mismatch(copy.segment()));
      }
    }
  }

  /** Or each page that is read for the first time after a drop would be taken for a changed one. */
  @Test
  void whatIsDroppedStaysArmed() throws Exception {
    try (OpenFile file = file();
        Mapping mapping = map(file);
        PrivatePages own = new PrivatePages(mapping, "test")) {
      assumeTracks(own);
      store(mapping, 7, (byte) 1);
      assertEquals(Set.of(7L), changed(own, true));
      own.drop(new long[] {7 * PAGE}, new long[] {PAGE});
      assertEquals(0, load(mapping, 7));
      assertEquals(0, load(mapping, 8));
      assertEquals(Set.of(), changed(own, true));
      store(mapping, 7, (byte) 2);
      store(mapping, 8, (byte) 2);
      assertEquals(Set.of(7L, 8L), changed(own, false));
    }
  }
}
