/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.Locale;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.linux.LockMode;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.Platform;

/** The kernel calls on one region's memory, each after asking whether the machine can bear it. */
final class PagedMemory implements PagingCalls {
  /** Between two looks at the interrupt flag and at what memory is left: 10 to 40 ms. */
  static final long STEP_BYTES = 64L << 20;

  private final Mapping mapping;
  private final Machine machine;
  private final String target;

  PagedMemory(Mapping mapping, Machine machine, String target) {
    this.mapping = mapping;
    this.machine = machine;
    this.target = target;
  }

  @Override
  public String target() {
    return target;
  }

  @Override
  public void lock() throws MemoryException {
    machine.requireRamSize("lock", mapping.byteSize(), target);
    mapping.lock(LockMode.ON_FAULT);
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
  public void populate(boolean locked) throws MemoryException {
    populate(AccessMode.READ_WRITE, 0, mapping.byteSize(), locked, ProgressListener.NONE);
  }

  @Override
  public Advice hugePageDefault() {
    return machine.hugePageDefault(mapping.kind().sharing(), Platform.hugePageSize());
  }

  /**
   * Brings the pages of a range in, in steps. Content stays, and what came in before a failure
   * stays in.
   *
   * @throws MemoryException if memory does not suffice, the thread is interrupted (its flag stays
   *     set), or the listener throws
   */
  void populate(
      AccessMode access, long offset, long length, boolean locked, ProgressListener listener)
      throws MemoryException {
    // Reading private memory for the first time maps the kernel's page of zeros: that takes none.
    boolean takesMemory =
        access == AccessMode.READ_WRITE || mapping.kind().sharing() == Sharing.SHARED;
    Residency now = mapping.residency(offset, length);
    long missing = takesMemory ? now.byteSize() - now.residentBytes() : 0;
    require(missing, locked);
    for (long done = 0; done < length; ) {
      if (Thread.currentThread().isInterrupted()) {
        throw MemoryException.of(
            "prefault",
            length,
            target,
            String.format(Locale.ROOT, "interrupted after %d bytes", done),
            MemoryException.NO_ERRNO,
            "clear the interrupt and try again",
            null);
      }
      long step = Math.min(STEP_BYTES, length - done);
      require(Math.min(step, missing), locked); // others allocate meanwhile
      mapping.populate(access, offset + done, step, ProgressListener.NONE);
      done += step;
      report(done, length, listener);
    }
  }

  private void report(long done, long length, ProgressListener listener) throws MemoryException {
    try {
      listener.progressed(done, length);
    } catch (RuntimeException e) {
      throw MemoryException.of(
          "prefault",
          length,
          target,
          String.format(Locale.ROOT, "cancelled by its progress listener after %d bytes", done),
          MemoryException.NO_ERRNO,
          "",
          e);
    }
  }

  private void require(long byteSize, boolean locked) throws MemoryException {
    if (byteSize <= 0) {
      return;
    }
    if (locked) {
      machine.requireRam("prefault", byteSize, target);
    } else {
      machine.requireMemory("prefault", byteSize, target);
    }
  }
}
