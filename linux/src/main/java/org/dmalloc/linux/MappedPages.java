/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.eviction.CachedPages;
import org.dmalloc.spi.eviction.SwappablePages;
import org.dmalloc.spi.machine.Errno;
import org.jspecify.annotations.Nullable;

/**
 * Where the pages of one mapping are, and the calls by which they leave RAM.
 *
 * @param file what is mapped, from {@code fileOffset} on; null for memory without a file
 * @param inPageCache whether they are pages of the page cache
 */
public record MappedPages(
    Mapping mapping, @Nullable OpenFile file, long fileOffset, boolean inPageCache)
    implements CachedPages, SwappablePages {
  @Override
  public long byteSize() {
    return mapping.byteSize();
  }

  Residency residency(long offset, long length) throws MemoryException {
    MemorySegment range = mapping.range(offset, length);
    if (file == null) {
      return ResidencyProbe.ofAnonymous(range, mapping.locked());
    }
    return mapping.kind().sharing() == Sharing.PRIVATE
        ? ResidencyProbe.ofPrivateFile(range, mapping.locked(), mapping.target())
        : ResidencyProbe.ofShared(
            range,
            cacheCounts(offset, length),
            mapping.swapBacked(),
            mapping.locked(),
            mapping.target());
  }

  Optional<CacheCounts> cacheCounts(long offset, long length) {
    MemorySegment range = mapping.range(offset, length);
    OpenFile from = file;
    if (from == null || !inPageCache || range.byteSize() == 0) {
      return Optional.empty();
    }
    long position = fileOffset + Platform.roundDownToPage(offset);
    return from.useIfOpen(
        Optional.empty(), fd -> ResidencyProbe.cachestat(fd, position, range.byteSize()));
  }

  @Override
  public long residentBytes() throws MemoryException {
    return residency(0, byteSize()).residentBytes();
  }

  @Override
  public long cachedBytes(long offset, long length) throws MemoryException {
    MemorySegment range = mapping.range(offset, length);
    if (file == null || range.byteSize() == 0) {
      return 0;
    }
    Optional<CacheCounts> cache = cacheCounts(offset, length);
    return cache.isPresent()
        ? cache.get().cached()
        : ResidencyProbe.mincore(range, mapping.target());
  }

  @Override
  public long mappedBytes(long offset, long length) throws MemoryException {
    MemorySegment range = mapping.range(offset, length);
    PageTable.Counts counts = PageTable.count(range.address(), range.address() + range.byteSize());
    return counts.mapped() - counts.zero();
  }

  @Override
  public void unmap(long offset, long length) throws MemoryException {
    mapping.advise(Advice.DONT_NEED, offset, length);
  }

  @Override
  public void drop(long offset, long length) throws MemoryException {
    MemorySegment range = mapping.range(offset, length);
    OpenFile from = file;
    if (from != null && range.byteSize() > 0) {
      from.dropCachedPages(fileOffset + Platform.roundDownToPage(offset), range.byteSize());
    }
  }

  @Override
  public void pageOut(long offset, long length) throws MemoryException {
    mapping.advise(Advice.PAGE_OUT, offset, length);
  }

  /**
   * Maps the pages of a file that is cached as a whole, without a read: while writes are noted the
   * kernel maps no neighbours at a fault, and a reader of all of it would take one for each page.
   */
  void mapIfAllCached() throws MemoryException {
    MemorySegment range = mapping.range(0, byteSize());
    if (!inPageCache || cachedBytes(0, byteSize()) < range.byteSize()) {
      return;
    }
    try {
      mapping.advise(Madvise.POPULATE_READ, range);
    } catch (MemoryException e) {
      if (e.errno() != Errno.EINVAL) { // before Linux 5.14
        throw e;
      }
    }
  }
}
