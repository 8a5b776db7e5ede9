/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.lang.foreign.MemorySegment;
import org.dmalloc.measure.PageContent;
import org.mapdb.volume.MappedFileVol;
import org.mapdb.volume.Volume;

/**
 * MapDB's mapped volume, the layer below its collections. Slices have the largest size, so that
 * there are few mappings. The file has its size from the start. {@code cleanerHackEnabled} unmaps
 * it at close.
 */
final class MapDbStore extends SingleThreadStore {
  /** A slice is a ByteBuffer, so that it holds at most 1 GiB. */
  private static final int LARGEST_SLICE_SHIFT = 30;

  private static final long NO_LOCK_WAIT = 0;

  private final Volume volume;
  private final byte[] buffer = new byte[PageContent.PAGE_BYTES];
  private final MemorySegment bufferSegment = MemorySegment.ofArray(buffer);

  MapDbStore(StorePlace place) {
    super(place);
    int shift =
        Math.min(LARGEST_SLICE_SHIFT, Long.SIZE - Long.numberOfLeadingZeros(place.byteSize() - 1));
    volume =
        new MappedFileVol(
            place.directory().resolve("pages").toFile(),
            false,
            NO_LOCK_WAIT,
            shift,
            true,
            place.byteSize(),
            false);
  }

  @Override
  public void fill(long page, PageContent content) {
    content.fillAt(bufferSegment, 0, page);
    volume.putData(page * PageContent.PAGE_BYTES, buffer, 0, PageContent.PAGE_BYTES);
  }

  @Override
  public long checkStamp(long page, PageContent content) {
    // A volume stores numbers as big-endian, unlike the pages here.
    long stamp = Long.reverseBytes(volume.getLong(page * PageContent.PAGE_BYTES));
    content.checkStamp(page, stamp);
    return stamp;
  }

  @Override
  public void checkAll(long page, PageContent content) {
    volume.getData(page * PageContent.PAGE_BYTES, buffer, 0, PageContent.PAGE_BYTES);
    content.checkAllAt(bufferSegment, 0, page);
  }

  @Override
  public void setMark(long page, PageContent content) {
    volume.putLong(markAt(page), Long.reverseBytes(content.mark(page)));
  }

  @Override
  public void checkMark(long page, PageContent content) {
    content.checkMark(page, Long.reverseBytes(volume.getLong(markAt(page))));
  }

  private static long markAt(long page) {
    return page * PageContent.PAGE_BYTES + PageContent.MARK_OFFSET;
  }

  @Override
  void sync() {
    volume.sync();
  }

  @Override
  public String note() {
    return "MappedFileVol, slices of up to 1 GiB";
  }

  @Override
  public void close() {
    volume.close();
  }
}
