/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.Optional;
import java.util.function.LongConsumer;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.CacheCounts;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.PageScanner;
import org.dmalloc.linux.Platform;
import org.jspecify.annotations.Nullable;

/** The pages of a mapping; which of them are mapped is only known during a pass of the observer. */
final class MappingPages implements RegionPages {
  private final long pageSize = Platform.pageSize();
  private final Mapping mapping;
  private final LongConsumer onSplit;
  private @Nullable PageScanner scanner;

  /** The pages of a mapping, with what is told of bytes whose large folios were split. */
  MappingPages(Mapping mapping, LongConsumer onSplit) {
    this.mapping = mapping;
    this.onSplit = onSplit;
  }

  /** Sets what reads the page table; null after the pass. */
  void readBy(@Nullable PageScanner pass) {
    scanner = pass;
  }

  long pageSize() {
    return pageSize;
  }

  /** The pages that hold a range of bytes. */
  PageRange holding(long offset, long length) {
    return new PageRange(offset / pageSize, (offset + length + pageSize - 1) / pageSize);
  }

  /** What of some pages belongs to the region, in bytes. */
  long bytes(long first, long count) {
    return Math.min((first + count) * pageSize, mapping.byteSize()) - first * pageSize;
  }

  @Override
  public long pageCount() {
    return holding(0, mapping.byteSize()).end();
  }

  @Override
  public void mapped(long first, int count, long[] bits) throws MemoryException {
    PageScanner open = scanner;
    if (open == null) {
      throw new IllegalStateException("not in a pass of the observer");
    }
    open.mapped(mapping, first, count, bits);
  }

  @Override
  public void advise(AccessPattern pattern, long first, long count) throws MemoryException {
    mapping.advise(Advice.valueOf(pattern.name()), first * pageSize, bytes(first, count));
  }

  @Override
  public Optional<CacheCounts> cacheCounts(long first, long count) {
    return mapping.cacheCounts(first * pageSize, bytes(first, count));
  }

  @Override
  public void split(long first, long count) throws MemoryException {
    mapping.splitFolios(first * pageSize, bytes(first, count));
    onSplit.accept(bytes(first, count));
  }

  @Override
  public void withdrawAdvice(long first, long count) throws MemoryException {
    mapping.withdrawAdvice(first * pageSize, bytes(first, count));
  }
}
