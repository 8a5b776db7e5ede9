/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.RandomAccessInput;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Residency;
import org.jspecify.annotations.Nullable;

/** A range of a file and a position in it; subclasses differ in how they get at the memory. */
abstract sealed class RegionInput extends IndexInput implements RandomAccessInput
    permits SectionInput, SegmentInput {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int LOOK_AGAIN = 1024;

  /** What an input, its clones and its slices share. */
  static final class Opened {
    private final RegionFiles files;
    private final OpenFile file;
    private final boolean prefetches;
    private volatile boolean closed;

    /** How often what was announced was in RAM; threads may lose some counts to each other. */
    private int prefetchesInVain;

    Opened(RegionFiles files, OpenFile file, boolean prefetches) {
      this.files = files;
      this.file = file;
      this.prefetches = prefetches;
    }

    MemoryRegion region() {
      return file.region();
    }

    /** Opens a section, which an input that is closed has not. */
    Access acquire() {
      if (closed) {
        throw new AlreadyClosedException("Already closed: " + region());
      }
      try {
        return region().acquire();
      } catch (IllegalStateException e) {
        throw new AlreadyClosedException("Already closed: " + region(), e);
      }
    }

    /** Always after a miss, then less and less often, and in the end each thousandth time. */
    private boolean prefetchIsDue() {
      int count = prefetchesInVain++;
      return Integer.bitCount(count) <= 1 || count % LOOK_AGAIN == 0;
    }

    private void close() throws IOException {
      if (!closed) {
        closed = true;
        files.leave(file);
      }
    }
  }

  final Opened opened;
  final long start;
  final long length;
  long position;
  private boolean clone;

  RegionInput(String description, Opened opened, long start, long length, boolean clone) {
    super(description);
    this.opened = opened;
    this.start = start;
    this.length = length;
    this.clone = clone;
  }

  /** A slice, with offsets that were checked. */
  abstract RegionInput part(String description, long offset, long byteSize) throws IOException;

  /** Ends the use of this instance alone. */
  abstract void end();

  /** Whether it was {@linkplain #end ended}. */
  abstract boolean ended();

  @Override
  public final long length() {
    return length;
  }

  @Override
  public final long getFilePointer() {
    requireOpen();
    return position;
  }

  @Override
  public final void seek(long target) throws IOException {
    requireOpen();
    if (target < 0 || target > length) {
      throw outside("seek", target);
    }
    position = target;
  }

  @Override
  public final void skipBytes(long count) throws IOException {
    if (count < 0) {
      throw new IllegalArgumentException("count " + count + "; give at least 0");
    }
    seek(position + count);
  }

  /** A clone, which is closed by itself and not needed to be. */
  final RegionInput copy() {
    requireOpen();
    RegionInput copy = (RegionInput) super.clone();
    copy.clone = true;
    return copy;
  }

  @Override
  public final RegionInput slice(String sliceDescription, long offset, long byteSize)
      throws IOException {
    requireOpen();
    if (offset < 0 || byteSize < 0 || byteSize > length - offset) {
      throw new IllegalArgumentException(
          "slice " + sliceDescription + ": " + byteSize + " bytes at " + offset + " of " + this);
    }
    return part(getFullSliceDescription(sliceDescription), offset, byteSize);
  }

  @Override
  public final RandomAccessInput randomAccessSlice(long offset, long byteSize) throws IOException {
    return slice("randomaccess", offset, byteSize);
  }

  /**
   * Announces a range. To look whether it is in RAM takes some system calls, so that it is done
   * seldom where all of the file is.
   */
  @Override
  public final void prefetch(long offset, long byteSize) throws IOException {
    requireOpen();
    if (offset < 0 || byteSize < 0 || byteSize > length - offset) {
      throw outside("prefetch", offset);
    }
    if (!opened.prefetches || !opened.prefetchIsDue()) {
      return;
    }
    MemoryRegion region = opened.region();
    Residency residency = region.residency(start + offset, byteSize);
    if (residency.residentBytes() < residency.byteSize()) {
      opened.prefetchesInVain = 0;
      region.prefetch(new long[] {start + offset}, byteSize);
    }
  }

  @Override
  public final void close() throws IOException {
    end();
    if (!clone) {
      opened.close();
    }
  }

  final void requireOpen() {
    if (ended() || opened.closed) {
      throw alreadyClosed(null);
    }
  }

  final AlreadyClosedException alreadyClosed(@Nullable Throwable cause) {
    return new AlreadyClosedException("Already closed: " + this, cause);
  }

  /** Lucene's exceptions for a place that is not in the file. */
  final IOException outside(String action, long target) {
    if (target < 0) {
      throw new IllegalArgumentException(action + " at " + target + ": " + this);
    }
    return new EOFException(action + " at " + target + ", past the end of " + this);
  }
}
