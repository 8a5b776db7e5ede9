/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.LongOperation;

/**
 * Locks and fills a mapping, after asking whether the machine and the control group can bear it:
 * beyond their memory the kernel does not refuse, but kills.
 *
 * <p>Pages that nothing can evict are held against RAM: locked ones, and those of a file that are
 * to be there all at once. Others may go to swap.
 *
 * @param target what messages call the mapping
 */
public record CheckedPaging(Mapping mapping, Machine machine, String target) {
  /** Between two checks of the interrupt flag: 8 to 60 ms on ext4, 20 ms anonymous. */
  private static final long STEP_BYTES = 64L << 20;

  /**
   * Refuses a mapping that is going to be locked or filled, before there is one.
   *
   * @param toSwap whether pages that are not locked could go to swap
   */
  public static void require(
      Machine machine, long byteSize, boolean locked, boolean toSwap, String target)
      throws MemoryException {
    if (locked) {
      machine.requireRamSize("lock", byteSize, target);
      machine.requireRam("lock", byteSize, target);
    } else {
      requireFor(machine, byteSize, toSwap, target);
    }
  }

  private static void requireFor(Machine machine, long byteSize, boolean toSwap, String target)
      throws MemoryException {
    if (toSwap) {
      machine.requireMemory("prefault", byteSize, target);
    } else {
      machine.requireRam("prefault", byteSize, target);
    }
  }

  /** Locks all pages that are in, and those that come in later. */
  public void lock() throws MemoryException {
    machine.requireRamSize("lock", mapping.byteSize(), target);
    mapping.lock();
  }

  /** Refuses to grow a locked mapping by more than RAM has left. */
  public void requireGrowth(long newByteSize) throws MemoryException {
    machine.requireRamSize("resize", newByteSize, target);
    machine.requireRam("resize", newByteSize - mapping.byteSize(), target);
  }

  /**
   * Brings the pages of a range in, in steps. Content stays, and what came in before a failure
   * stays in.
   *
   * @param outcome what is there when it was cancelled, in words
   * @throws MemoryException if memory does not suffice, the thread is interrupted (its flag stays
   *     set), or the listener throws
   */
  public void populate(
      AccessMode access, long offset, long length, ProgressListener progress, String outcome)
      throws MemoryException {
    boolean reads = access == AccessMode.READ_ONLY;
    boolean ofFile = !mapping.swapBacked();
    boolean takesCopies = mapping.kind().sharing() == Sharing.PRIVATE && !reads;
    boolean toSwap = !mapping.locked() && (!ofFile || takesCopies);
    long needed = ofFile ? length : missing(reads, offset, length);
    require(needed, toSwap);
    Madvise call = reads ? Madvise.POPULATE_READ : Madvise.POPULATE_WRITE;
    MemorySegment range = mapping.range(offset, length);
    LongOperation operation =
        new LongOperation("prefault", mapping.target(), length, progress, outcome);
    for (long done = 0; done < range.byteSize(); ) {
      operation.checkNotInterrupted(done);
      long step = Math.min(STEP_BYTES, range.byteSize() - done);
      require(Math.min(step, needed), toSwap); // others allocate meanwhile
      mapping.advise(call, range.asSlice(done, step));
      done += step;
      operation.report(done);
    }
  }

  /**
   * What has no page in RAM yet. That is no answer for a file: its cached pages count as left, too,
   * since the kernel can drop them.
   */
  private long missing(boolean reads, long offset, long length) throws MemoryException {
    if (reads && mapping.kind().sharing() == Sharing.PRIVATE) {
      return 0; // the first read of private memory maps the kernel's page of zeros
    }
    Residency now = mapping.residency(offset, length);
    return now.byteSize() - now.residentBytes();
  }

  private void require(long byteSize, boolean toSwap) throws MemoryException {
    if (byteSize > 0) {
      requireFor(machine, byteSize, toSwap, target);
    }
  }
}
