/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;

/** What a {@link FileClock} does to the pages of a mapped file. Ranges are of the mapping. */
interface CachedPages {
  /** The bytes of the mapping. */
  long byteSize();

  /** The bytes of a range that are in the page cache. */
  long cachedBytes(long offset, long length) throws MemoryException;

  /** The bytes of a range that are mapped, and so in use since the range was unmapped. */
  long mappedBytes(long offset, long length) throws MemoryException;

  /** Unmaps a range; its pages stay in the page cache. */
  void unmap(long offset, long length) throws MemoryException;

  /** Drops what is cached, not mapped and clean; begins to write what is changed. */
  void drop(long offset, long length) throws MemoryException;

  /** Those of a mapping. */
  static CachedPages of(Mapping mapping) {
    return new CachedPages() {
      @Override
      public long byteSize() {
        return mapping.byteSize();
      }

      @Override
      public long cachedBytes(long offset, long length) throws MemoryException {
        return mapping.cachedBytes(offset, length);
      }

      @Override
      public long mappedBytes(long offset, long length) throws MemoryException {
        return mapping.presentBytes(offset, length);
      }

      @Override
      public void unmap(long offset, long length) throws MemoryException {
        mapping.advise(Advice.DONT_NEED, offset, length);
      }

      @Override
      public void drop(long offset, long length) throws MemoryException {
        mapping.dropCached(offset, length);
      }
    };
  }
}
