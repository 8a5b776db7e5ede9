/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FutexTest {
  private static final long PAGE = 4096;
  private static final long SHORT_NANOS = 5_000_000;
  private static final long LONG_NANOS = TimeUnit.MINUTES.toNanos(10);
  private static final long DEADLINE_SECONDS = 60;

  @TempDir private Path directory;

  /** Two mappings of one page of a file, as two processes have them. */
  private MemorySegment map(Arena arena) throws Exception {
    try (FileChannel channel =
        FileChannel.open(
            directory.resolve("file"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, PAGE, arena);
    }
  }

  @Test
  void aThreadThatWaitsIsWakedByAnotherMapping() throws Exception {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment here = map(arena).asSlice(64, 4);
      MemorySegment there = map(arena).asSlice(64, 4);
      here.set(JAVA_INT, 0, 7);
      CompletableFuture<Boolean> waits =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return Futex.await(here, 7, LONG_NANOS);
                } catch (MemoryException e) {
                  throw new IllegalStateException(e);
                }
              });
      long start = System.nanoTime();
      while (Futex.wake(there, 1) == 0) {
        assertTrue(
            System.nanoTime() - start < TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS), "no waiter");
        Thread.onSpinWait();
      }
      assertTrue(waits.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
    }
  }

  @Test
  void anotherValueEndsTheWaitAtOnceAndTheTimeDoesToo() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment word = arena.allocate(JAVA_INT);
      assertTrue(Futex.await(word, 1, LONG_NANOS));
      assertFalse(Futex.await(word, 0, SHORT_NANOS));
      assertEquals(0, Futex.wake(word, Integer.MAX_VALUE));
    }
  }

  @Test
  void aPageThatIsGoneIsAnException() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment word = map(arena).asSlice(0, 4);
      try (FileChannel channel =
          FileChannel.open(directory.resolve("file"), StandardOpenOption.WRITE)) {
        channel.truncate(0);
      }
      MemoryException e =
          assertThrows(MemoryException.class, () -> Futex.await(word, 0, SHORT_NANOS));
      assertEquals(Errno.EFAULT, e.errno());
    }
  }
}
