/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.ProtectedRange;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;

/** A range inside a region. */
record ByteRange(MemoryRegion region, long offset, long length) {
  /** Short enough for a section, and long enough to make its cost negligible. */
  private static final long CHUNK = 4L << 20;

  @FunctionalInterface
  interface Chunk {
    void accept(MemorySegment segment, long offset) throws IOException;
  }

  static ByteRange of(RegionLookup.Lease lease, long offset, long length) {
    long byteSize = lease.region().byteSize();
    if (offset > byteSize) {
      throw UsageException.of(
          "offset %d is beyond the end of %s, which has %d bytes", offset, lease.label(), byteSize);
    }
    if (length > byteSize - offset) {
      throw UsageException.of(
          "%s at %d: beyond the end of %s, which has %d bytes",
          ByteSize.count(length), offset, lease.label(), byteSize);
    }
    return new ByteRange(lease.region(), offset, length);
  }

  /**
   * A range that is about to be written: a region that grows by itself is made large enough for it.
   *
   * @param progress told of the growth, which it or an interrupt cancels
   */
  static ByteRange toWrite(
      RegionLookup.Lease lease, long offset, long length, ProgressListener progress)
      throws MemoryException {
    MemoryRegion region = lease.region();
    refuseReadOnly(lease, offset, length);
    long ceiling = region.info().autogrowth().ceiling();
    if (length > 0 && ceiling > 0 && length > region.byteSize() - offset) {
      if (length > ceiling - offset) {
        throw UsageException.of(
            "%s at %d: beyond the %d bytes that %s grows to by itself; 'resize' it, or free it and"
                + " open it with a larger --max",
            ByteSize.count(length), offset, ceiling, lease.label());
      }
      region.ensure(offset + length, progress);
    }
    return of(lease, offset, length);
  }

  /** Java's own exception for a store to a read-only segment names neither region nor reason. */
  private static void refuseReadOnly(RegionLookup.Lease lease, long offset, long length) {
    if (lease.region().info().access() == AccessMode.READ_ONLY) {
      throw UsageException.of(
          "%s is open for reading only; free it and open it without --read-only", lease.label());
    }
    for (ProtectedRange range : lease.region().protectedRanges()) {
      if (range.offset() < offset + length && offset < range.offset() + range.length()) {
        throw UsageException.of(
            "%s is protected from stores at %d, for %d bytes; 'protect %s rw' lifts that",
            lease.label(), range.offset(), range.length(), typed(lease.region().info()));
      }
    }
  }

  /** How the region is called on a command line: by its name, if that needs no quotes. */
  private static String typed(RegionInfo info) {
    String name = info.name();
    return name != null && name.matches("[\\w.-]+") ? name : Long.toString(info.id());
  }

  /**
   * Applies the action to each chunk in its own access section.
   *
   * @param operation what it is, for the message if the region has lost its backing
   * @return how many bytes it was applied to: less than all if the thread was interrupted between
   *     two chunks
   */
  long eachChunk(String operation, Chunk action) throws IOException {
    for (long done = 0; done < length; done += CHUNK) {
      if (Thread.interrupted()) {
        return done;
      }
      long at = offset + done;
      long count = Math.min(CHUNK, length - done);
      BusErrors.in(
          region,
          operation,
          () -> {
            try (Access access = region.acquire(at, count)) {
              action.accept(access.segment(), at);
            }
            return count;
          });
    }
    return length;
  }
}
