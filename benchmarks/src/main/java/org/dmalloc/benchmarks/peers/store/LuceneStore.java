/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.IndexOutput;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.store.NoLockFactory;
import org.apache.lucene.store.RandomAccessInput;
import org.apache.lucene.store.ReadAdvice;
import org.dmalloc.measure.PageContent;
import org.jspecify.annotations.Nullable;

/**
 * Lucene's MMapDirectory: written once, in order, then read. Each input is opened with the advice
 * that fits its use, as in Lucene's own formats. {@code prefetch} announces pages.
 */
final class LuceneStore extends SingleThreadStore {
  private static final String FILE = "pages";

  private final MMapDirectory directory;
  private final long byteSize;
  private final byte[] buffer = new byte[PageContent.PAGE_BYTES];
  private final MemorySegment bufferSegment = MemorySegment.ofArray(buffer);
  private final String advice;
  private @Nullable IndexOutput output;
  private @Nullable IndexInput input;
  private @Nullable RandomAccessInput access;

  LuceneStore(StorePlace place, Use use) throws IOException {
    super(place);
    Path path = place.directory();
    boolean fresh = Files.notExists(path.resolve(FILE));
    byteSize = place.byteSize();
    directory = new MMapDirectory(path, NoLockFactory.INSTANCE);
    ReadAdvice read =
        switch (use) {
          case SCAN -> ReadAdvice.SEQUENTIAL;
          case RANDOM -> ReadAdvice.RANDOM;
          case FILL, MIXED -> ReadAdvice.NORMAL;
        };
    advice = read.name();
    directory.setReadAdvice((name, context) -> Optional.of(read));
    if (fresh) {
      output = directory.createOutput(FILE, IOContext.DEFAULT);
    }
  }

  private IndexInput input() throws IOException {
    IndexInput opened = input;
    if (opened == null) {
      opened = directory.openInput(FILE, IOContext.DEFAULT);
      input = opened;
    }
    return opened;
  }

  private RandomAccessInput access() throws IOException {
    RandomAccessInput slice = access;
    if (slice == null) {
      slice = input().randomAccessSlice(0, byteSize);
      access = slice;
    }
    return slice;
  }

  @Override
  public void fill(long page, PageContent content) throws IOException {
    IndexOutput out = output;
    if (out == null || out.getFilePointer() != page * PageContent.PAGE_BYTES) {
      throw new IllegalStateException("page " + page + ": a file is written once and in order");
    }
    content.fillAt(bufferSegment, 0, page);
    out.writeBytes(buffer, 0, PageContent.PAGE_BYTES);
  }

  @Override
  public boolean fillsInParts() {
    return false;
  }

  @Override
  public long checkStamp(long page, PageContent content) throws IOException {
    long stamp = access().readLong(page * PageContent.PAGE_BYTES);
    content.checkStamp(page, stamp);
    return stamp;
  }

  @Override
  public void checkAll(long page, PageContent content) throws IOException {
    IndexInput in = input();
    if (in.getFilePointer() != page * PageContent.PAGE_BYTES) {
      in.seek(page * PageContent.PAGE_BYTES);
    }
    in.readBytes(buffer, 0, PageContent.PAGE_BYTES);
    content.checkAllAt(bufferSegment, 0, page);
  }

  @Override
  public boolean writable() {
    return false;
  }

  @Override
  public void setMark(long page, PageContent content) {
    throw new UnsupportedOperationException("a file is written once");
  }

  @Override
  public void checkMark(long page, PageContent content) throws IOException {
    content.checkMark(
        page, access().readLong(page * PageContent.PAGE_BYTES + PageContent.MARK_OFFSET));
  }

  @Override
  public boolean announces() {
    return true;
  }

  @Override
  public void announce(long[] pages) throws IOException {
    RandomAccessInput slice = access();
    for (long page : pages) {
      slice.prefetch(page * PageContent.PAGE_BYTES, PageContent.PAGE_BYTES);
    }
  }

  @Override
  void sync() throws IOException {
    IndexOutput out = output;
    if (out != null) {
      output = null;
      out.close();
    }
    directory.sync(List.of(FILE));
  }

  @Override
  public String note() {
    return "MMapDirectory, ReadAdvice of each use (now " + advice + ")";
  }

  @Override
  public void close() throws IOException {
    if (output != null) {
      output.close();
    }
    if (input != null) {
      input.close();
    }
    directory.close();
  }
}
