/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.syntax.UsageException;

/** A range of a region that lies inside it. */
record ByteRange(MemoryRegion region, long offset, long length) {
  /** Short enough for a section, long enough not to notice it. */
  private static final long CHUNK = 4L << 20;

  /** What is done with a chunk of a region, inside an access section. */
  @FunctionalInterface
  interface Chunk {
    void accept(MemorySegment segment, long offset) throws IOException;
  }

  /** Checks that the range lies inside the region. */
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
   * Goes through the range in chunks, each in an access section of its own.
   *
   * @throws InterruptedException if the thread is interrupted between two chunks
   */
  void eachChunk(Chunk action) throws IOException, InterruptedException {
    for (long done = 0; done < length; done += CHUNK) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      long count = Math.min(CHUNK, length - done);
      try (Access access = region.acquire()) {
        action.accept(access.segment().asSlice(offset + done, count), offset + done);
      }
    }
  }
}
