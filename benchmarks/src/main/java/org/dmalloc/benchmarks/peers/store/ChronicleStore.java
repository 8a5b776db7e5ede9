/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.bytes.MappedBytes;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;
import org.dmalloc.measure.PageContent;

/**
 * Chronicle Bytes, with a single mapping of the whole file, because the chunked kind maps again
 * during random use. SYNC, because another mode's sync only starts the write-back.
 */
final class ChronicleStore extends SingleThreadStore {
  private final MappedBytes bytes;
  private final byte[] buffer = new byte[PageContent.PAGE_BYTES];
  private final MemorySegment bufferSegment = MemorySegment.ofArray(buffer);

  ChronicleStore(StorePlace place) throws IOException {
    super(place);
    bytes =
        MappedBytes.singleMappedBytes(
            place.directory().resolve("pages").toFile(), place.byteSize());
    bytes.mappedFile().syncMode(SyncMode.SYNC);
    // The write position bounds syncs and reads.
    bytes.writePosition(place.byteSize());
  }

  @Override
  public void fill(long page, PageContent content) {
    content.fillAt(bufferSegment, 0, page);
    bytes.write(page * PageContent.PAGE_BYTES, buffer, 0, PageContent.PAGE_BYTES);
  }

  @Override
  public long checkStamp(long page, PageContent content) {
    long stamp = bytes.readLong(page * PageContent.PAGE_BYTES);
    content.checkStamp(page, stamp);
    return stamp;
  }

  @Override
  public void checkAll(long page, PageContent content) {
    bytes.read(page * PageContent.PAGE_BYTES, buffer, 0, PageContent.PAGE_BYTES);
    content.checkAllAt(bufferSegment, 0, page);
  }

  @Override
  public void setMark(long page, PageContent content) {
    bytes.writeLong(page * PageContent.PAGE_BYTES + PageContent.MARK_OFFSET, content.mark(page));
  }

  @Override
  public void checkMark(long page, PageContent content) {
    content.checkMark(
        page, bytes.readLong(page * PageContent.PAGE_BYTES + PageContent.MARK_OFFSET));
  }

  @Override
  void sync() {
    bytes.sync();
  }

  @Override
  public String note() {
    return "MappedBytes, single mapping, SyncMode.SYNC";
  }

  @Override
  public void close() {
    BytesStore<?, ?> mapping = bytes.bytesStore();
    bytes.releaseLast();
    BackgroundResourceReleaser.releasePendingResources();
    if (mapping != null && mapping.refCount() > 0) {
      // A single mapping keeps its reservation, and a mapped file never starts cold.
      mapping.releaseLast();
      BackgroundResourceReleaser.releasePendingResources();
    }
  }
}
