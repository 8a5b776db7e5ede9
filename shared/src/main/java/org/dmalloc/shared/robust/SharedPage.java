/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.jspecify.annotations.Nullable;

/**
 * One page of a region, and the atomic operations on it. All take the segment of a section that the
 * caller has open.
 *
 * <p><b>A page that is gone.</b> A compare-and-set on a page with nothing behind it ends the JVM
 * where it is interpreted. So each caller looks first, by {@link #require}: it copies the end of
 * the page to the heap. A bulk copy survives a missing page, but the {@link InternalError} of it
 * may come late, when compiled code has gone on; so the array is empty before, and compared after.
 * It is the end, not the begin, because a file that is cut inside the page is zero from there on.
 */
final class SharedPage {
  static final long BYTES = 4096;

  /** Where the header stands again. */
  static final long SEAL = BYTES - PageHeader.LONGS * Long.BYTES;

  private static final VarHandle LONG = JAVA_LONG.varHandle();
  private static final VarHandle INT = JAVA_INT.varHandle();

  private final MemoryRegion region;
  private final long offset;
  private final long[] header;

  SharedPage(MemoryRegion region, long offset, PageHeader header) {
    this.region = region;
    this.offset = offset;
    this.header = header.longs();
  }

  MemoryRegion region() {
    return region;
  }

  long offset() {
    return offset;
  }

  /** How messages name it. */
  String target() {
    return region + " at " + offset;
  }

  /** The eight longs at some place, or zeros where there is no page. */
  static long[] longs(MemorySegment memory, long at) {
    long[] longs = new long[PageHeader.LONGS];
    MemorySegment.copy(memory, JAVA_LONG, at, longs, 0, PageHeader.LONGS);
    return longs;
  }

  /**
   * Returns normally if the page is there and is what it was when it was opened.
   *
   * @throws MemoryException if not
   */
  void require(MemorySegment memory) throws MemoryException {
    if (memory.byteSize() < offset + BYTES
        || !Arrays.equals(longs(memory, offset + SEAL), header)) {
      throw gone(null);
    }
  }

  /** What is thrown where the page is not what it was. */
  MemoryException gone(@Nullable InternalError cause) {
    return MemoryException.of(
        "use lock",
        BYTES,
        target(),
        "its page is gone or was overwritten: the file was cut short, or somebody erased it",
        MemoryException.NO_ERRNO,
        "close the region and create what it shares again",
        cause);
  }

  /** What is thrown where a word is none that this suite writes. */
  MemoryException damaged(String what) {
    return MemoryException.of(
        "use lock",
        BYTES,
        target(),
        what,
        "something else stores to the page; close all that use it, erase it and create it again");
  }

  long get(MemorySegment memory, long at) {
    return (long) LONG.getVolatile(memory, offset + at);
  }

  void set(MemorySegment memory, long at, long value) {
    LONG.setVolatile(memory, offset + at, value);
  }

  boolean compareAndSet(MemorySegment memory, long at, long expected, long value) {
    return LONG.compareAndSet(memory, offset + at, expected, value);
  }

  /** Adds, and returns what was there before. */
  long getAndAdd(MemorySegment memory, long at, long added) {
    return (long) LONG.getAndAdd(memory, offset + at, added);
  }

  int getInt(MemorySegment memory, long at) {
    return (int) INT.getVolatile(memory, offset + at);
  }

  void setInt(MemorySegment memory, long at, int value) {
    INT.setVolatile(memory, offset + at, value);
  }

  int getAndAddInt(MemorySegment memory, long at, int added) {
    return (int) INT.getAndAdd(memory, offset + at, added);
  }

  /** The four bytes of a futex. */
  MemorySegment word(MemorySegment memory, long at) {
    return memory.asSlice(offset + at, Integer.BYTES);
  }
}
