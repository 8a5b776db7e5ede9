/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;

/** A shared mapping of a file, and msync(2): what a crash leaves is some of the pages. */
final class SharedMapping implements Persistence {
  private final Arena arena = Arena.ofShared();
  private final FileChannel file;
  private final MemorySegment memory;

  SharedMapping(Path path, int pages) throws IOException {
    file = NewFile.of(path, pages);
    memory = file.map(MapMode.READ_WRITE, 0, (long) pages * PageBytes.BYTES, arena);
  }

  FileChannel file() {
    return file;
  }

  @Override
  public void store(int[] pages, long stamp) {
    for (int page : pages) {
      PageBytes.fill(memory, (long) page * PageBytes.BYTES, page, stamp);
    }
  }

  @Override
  public void persist() {
    memory.force();
  }

  @Override
  public long load(int page) {
    return memory.get(JAVA_LONG_UNALIGNED, (long) page * PageBytes.BYTES);
  }

  @Override
  public boolean mapped() {
    return true;
  }

  @Override
  public void close() throws IOException {
    try (file) {
      arena.close();
    }
  }
}
