/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Memory that is written as a whole to one of two files in turn, with an fdatasync. */
final class FullCopy implements Persistence {
  private static final long WRITE_BYTES = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final FileChannel[] files;
  private int turn;

  FullCopy(Path directory, int pages) throws IOException {
    memory = arena.allocate((long) pages * PageBytes.BYTES);
    for (int page = 0; page < pages; page++) {
      PageBytes.fill(memory, (long) page * PageBytes.BYTES, page, 0);
    }
    files =
        new FileChannel[] {
          NewFile.of(directory.resolve("copy-0"), pages),
          NewFile.of(directory.resolve("copy-1"), pages)
        };
  }

  @Override
  public void store(int[] pages, long stamp) {
    for (int page : pages) {
      PageBytes.fill(memory, (long) page * PageBytes.BYTES, page, stamp);
    }
  }

  @Override
  public void persist() throws IOException {
    FileChannel file = files[turn];
    turn = 1 - turn;
    file.position(0);
    for (long at = 0; at < memory.byteSize(); at += WRITE_BYTES) {
      NewFile.write(file, memory.asSlice(at, Math.min(WRITE_BYTES, memory.byteSize() - at)));
    }
    file.force(false);
  }

  @Override
  public long load(int page) {
    return memory.get(JAVA_LONG_UNALIGNED, (long) page * PageBytes.BYTES);
  }

  @Override
  public void close() throws IOException {
    try {
      files[0].close();
    } finally {
      files[1].close();
      arena.close();
    }
  }
}
