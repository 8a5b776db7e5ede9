/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.eviction;

import org.dmalloc.api.MemoryException;

/** What a {@link FileClock} does to the pages of a mapped file; ranges are in bytes. */
public interface CachedPages {
  long byteSize();

  /** The bytes of a range that are in the page cache. */
  long cachedBytes(long offset, long length) throws MemoryException;

  /** The bytes of a range that are mapped, and so in use since the range was unmapped. */
  long mappedBytes(long offset, long length) throws MemoryException;

  /** Unmaps a range; its pages stay in the page cache. */
  void unmap(long offset, long length) throws MemoryException;

  /** Drops what is cached, not mapped and clean; begins to write what is changed. */
  void drop(long offset, long length) throws MemoryException;
}
