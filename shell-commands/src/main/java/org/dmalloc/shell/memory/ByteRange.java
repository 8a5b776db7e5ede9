/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProtectedRange;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.shell.command.RegionLookup;
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
          "%d bytes at %d reach beyond the end of %s, which has %d bytes",
          length, offset, lease.label(), byteSize);
    }
    return new ByteRange(lease.region(), offset, length);
  }

  /**
   * A range that is about to be written: a region that grows by itself is made large enough for it.
   */
  static ByteRange toWrite(RegionLookup.Lease lease, long offset, long length)
      throws MemoryException {
    MemoryRegion region = lease.region();
    refuseReadOnly(lease, offset, length);
    boolean grows = length > 0 && region.info().autogrowth().ceiling() > 0;
    if (grows && length <= Long.MAX_VALUE - offset && offset + length > region.byteSize()) {
      region.ensure(offset + length);
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
   * Applies the action to each chunk in its own access section. Throws {@link InterruptedException}
   * if the thread is interrupted between two chunks.
   */
  void eachChunk(Chunk action) throws IOException, InterruptedException {
    for (long done = 0; done < length; done += CHUNK) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      long count = Math.min(CHUNK, length - done);
      try (Access access = region.acquire(offset + done, count)) {
        action.accept(access.segment(), offset + done);
      }
    }
  }
}
