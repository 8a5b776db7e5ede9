/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The same number of bytes, written in order to one file and then to another, each with an
 * fdatasync: the least that a copy to a log and one to its place can take. The blocks of the files
 * are there from the start. It writes from a buffer of some MiB, over and over.
 */
final class TwoWrites implements Persistence {
  private static final int BUFFER_PAGES = 4096;

  /** As many bytes go in one write, as in a journal. */
  private static final int WRITE_PAGES = 256;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate((long) BUFFER_PAGES * PageBytes.BYTES);
  private final int[] last = new int[BUFFER_PAGES];
  private final FileChannel log;
  private final FileChannel place;
  private int count;

  TwoWrites(Path directory, int pages) throws IOException {
    Arrays.fill(last, -1);
    log = NewFile.of(directory.resolve("log"), pages);
    place = NewFile.of(directory.resolve("place"), pages);
  }

  @Override
  public void store(int[] pages, long stamp) {
    for (int i = 0; i < pages.length; i++) {
      int slot = i % BUFFER_PAGES;
      PageBytes.fill(buffer, (long) slot * PageBytes.BYTES, pages[i], stamp);
      last[slot] = pages[i];
    }
    count = pages.length;
  }

  @Override
  public void persist() throws IOException {
    write(log);
    write(place);
  }

  private void write(FileChannel file) throws IOException {
    file.position(0);
    for (int done = 0; done < count; done += WRITE_PAGES) {
      int from = done % BUFFER_PAGES;
      long bytes = (long) Math.min(WRITE_PAGES, count - done) * PageBytes.BYTES;
      NewFile.write(file, buffer.asSlice((long) from * PageBytes.BYTES, bytes));
    }
    file.force(false);
  }

  @Override
  public long load(int page) {
    for (int slot = 0; slot < BUFFER_PAGES; slot++) {
      if (last[slot] == page) {
        return buffer.get(JAVA_LONG_UNALIGNED, (long) slot * PageBytes.BYTES);
      }
    }
    throw new IllegalArgumentException("page " + page + " is not in the buffer any more");
  }

  @Override
  public void close() throws IOException {
    try (log;
        place) {
      arena.close();
    }
  }
}
