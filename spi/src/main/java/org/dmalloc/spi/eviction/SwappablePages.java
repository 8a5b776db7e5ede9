/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.eviction;

import org.dmalloc.api.MemoryException;

/** What a {@link SwapClock} does to the pages of memory that swap backs; ranges are in bytes. */
public interface SwappablePages {
  long byteSize();

  /** The bytes that are in page frames. */
  long residentBytes() throws MemoryException;

  /** The bytes of a range that are mapped and take memory. */
  long mappedBytes(long offset, long length) throws MemoryException;

  /** Pages a range out to swap. */
  void pageOut(long offset, long length) throws MemoryException;
}
