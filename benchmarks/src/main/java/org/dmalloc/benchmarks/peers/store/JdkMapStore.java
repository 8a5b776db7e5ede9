/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.SegmentPages;

/** What the JDK gives by itself: one {@link FileChannel#map} of the whole file. */
final class JdkMapStore implements PageStore {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;

  JdkMapStore(StorePlace place) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            place.directory().resolve("pages"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      segment = channel.map(FileChannel.MapMode.READ_WRITE, 0, place.byteSize(), arena);
    }
  }

  @Override
  public long pageCount() {
    return segment.byteSize() / PageContent.PAGE_BYTES;
  }

  @Override
  public SegmentPages pages() {
    return SegmentPages.over(segment);
  }

  @Override
  public long force() {
    long begin = System.nanoTime();
    segment.force();
    return System.nanoTime() - begin;
  }

  @Override
  public String note() {
    return "one mapping, sparse file, no advice (the JDK has no call for it)";
  }

  @Override
  public void close() {
    arena.close();
  }
}
