/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.LongOperation;

/** The kernel calls on one region's memory, each after asking whether the machine can bear it. */
final class PagedMemory implements PagingCalls {
  private final Mapping mapping;
  private final Machine machine;
  private final String target;

  PagedMemory(Mapping mapping, Machine machine, String target) {
    this.mapping = mapping;
    this.machine = machine;
    this.target = target;
  }

  private CheckedPaging paging() {
    return new CheckedPaging(mapping, machine, target);
  }

  @Override
  public String target() {
    return target;
  }

  @Override
  public void lock() throws MemoryException {
    paging().lock();
  }

  @Override
  public void unlock() throws MemoryException {
    mapping.unlock();
  }

  @Override
  public void advise(Advice advice) throws MemoryException {
    mapping.advise(advice, 0, mapping.byteSize());
  }

  @Override
  public void pageOut() throws MemoryException {
    machine.requireSwap(mapping.byteSize(), target);
    advise(Advice.PAGE_OUT);
  }

  @Override
  public void populate() throws MemoryException {
    populate(AccessMode.READ_WRITE, 0, mapping.byteSize());
  }

  @Override
  public Advice hugePageDefault() {
    return machine.hugePageDefault(mapping.kind().sharing(), Platform.hugePageSize());
  }

  /** Brings the pages of a range of a region in use in. */
  void populate(AccessMode access, long offset, long length) throws MemoryException {
    paging().populate(access, offset, length, ProgressListener.NONE, "the content is as it was");
  }

  /** Brings in the pages of what a region grows by. */
  void populateGrowth(long offset, long length, ProgressListener progress) throws MemoryException {
    paging()
        .populate(
            AccessMode.READ_WRITE,
            offset,
            length,
            progress,
            LongOperation.outcomeOfGrowth(progress));
  }

  /** Fills memory that is being allocated. */
  void fill(ProgressListener progress) throws MemoryException {
    paging()
        .populate(AccessMode.READ_WRITE, 0, mapping.byteSize(), progress, "nothing was created");
  }

  /** Refuses to grow locked memory by more than RAM has left. */
  void requireGrowth(long newByteSize) throws MemoryException {
    paging().requireGrowth(newByteSize);
  }
}
