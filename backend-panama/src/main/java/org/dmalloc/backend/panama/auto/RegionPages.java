/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.Optional;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.CacheCounts;

/** The pages of one region: which of them are mapped, and how the kernel is advised about them. */
interface RegionPages {
  /** How many there are; may change, and then {@link PatternLearner#resized} is called. */
  long pageCount();

  /** Sets a bit for each page that is mapped. */
  void mapped(long first, int count, long[] bits) throws MemoryException;

  /** Advises the kernel; the range is not empty. */
  void advise(AccessPattern pattern, long first, long count) throws MemoryException;

  /** Makes a range NORMAL for good, which takes no mapping even if there are few left. */
  void withdrawAdvice(long first, long count) throws MemoryException;

  /** What of a range is in the page cache, in bytes; empty if unknown. */
  Optional<CacheCounts> cacheCounts(long first, long count);

  /** Splits large folios. */
  void split(long first, long count) throws MemoryException;
}
