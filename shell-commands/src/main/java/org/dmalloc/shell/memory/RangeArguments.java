/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.jspecify.annotations.Nullable;

/** The part of a region that a command applies to. */
public record RangeArguments(
    @Argument("--offset OFFSET: where the range begins; default 0") @Nullable ByteSize offset,
    @Argument("--length LENGTH: how long the range is; default to the end")
        @Nullable ByteSize length) {
  @FunctionalInterface
  interface WholeCall {
    void accept(MemoryRegion region) throws MemoryException;
  }

  @FunctionalInterface
  interface RangeCall {
    void accept(MemoryRegion region, long offset, long length) throws MemoryException;
  }

  /** Whether it is said to be a part. */
  boolean given() {
    return offset != null || length != null;
  }

  ByteRange in(RegionLookup.Lease lease) {
    long start = offset == null ? 0 : offset.bytes();
    return ByteRange.of(
        lease,
        start,
        length == null ? Math.max(0, lease.region().byteSize() - start) : length.bytes());
  }

  /** The part, which is about to be written: see {@link ByteRange#toWrite}. */
  ByteRange toWrite(RegionLookup.Lease lease, ProgressListener progress) throws MemoryException {
    long start = offset == null ? 0 : offset.bytes();
    long count = length == null ? in(lease).length() : length.bytes();
    return ByteRange.toWrite(lease, start, count, progress);
  }

  /**
   * Applies a call to the part, and returns its size in words. The call for the whole region also
   * works during a resize.
   */
  String apply(RegionLookup.Lease lease, WholeCall all, RangeCall some) throws MemoryException {
    if (!given()) {
      all.accept(lease.region());
      return "all";
    }
    ByteRange range = in(lease);
    some.accept(range.region(), range.offset(), range.length());
    return ByteSize.exact(range.length());
  }
}
