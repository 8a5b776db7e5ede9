/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongBinaryOperator;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.AddressSpace;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.MappingCount;
import org.dmalloc.spi.region.AddressRange;
import org.jspecify.annotations.Nullable;

/**
 * One mapping, cut into slots of equal size. What {@link Slabs} asks of it under its monitor is
 * marked so; a slot in use is nobody's but its owner's.
 */
final class Slab implements Tombstones.Covered, AddressRange.Keeper {
  private static final int READ_WRITE = Abi.PROT_READ | Abi.PROT_WRITE;

  private final Returns returns;
  private final int sizeClass;
  private final @Nullable OpenFile file;
  private final long slotBytes;
  private final int slotCount;
  private final int flags;
  private final MemorySegment memory;
  private final AtomicLong failures = new AtomicLong();
  private final MmapCall mmap;

  // Guarded by the monitor of the Slabs.
  private final BitSet used = new BitSet();
  private int usedCount;
  private int lostCount;

  /** The slots whose addresses may be used past their end; guarded by itself. */
  private final BitSet strays = new BitSet();

  /** Whether there ever was one. */
  private volatile boolean strayUse;

  /** Is told of slots that were given back. */
  @FunctionalInterface
  interface Returns {
    void returned(Slab slab, int index, boolean clean);

    /** Whether no more slots are taken. */
    default boolean closed() {
      return false;
    }
  }

  /** Maps a slab; takes the file over, which is empty. */
  Slab(Returns returns, String target, int sizeClass, @Nullable OpenFile file)
      throws MemoryException {
    this.returns = returns;
    this.sizeClass = sizeClass;
    this.file = file;
    this.slotBytes = Platform.pageSize() << sizeClass;
    this.slotCount = (int) (Slabs.SLAB_BYTES / slotBytes);
    this.mmap =
        file == null
            ? MmapCall.of(target, MappingKind.PRIVATE, null, 0).promised(true)
            : MmapCall.of(target, MappingKind.SHARED, file, 0);
    this.flags = mmap.flags();
    try {
      if (file != null) {
        file.setByteSize(Slabs.SLAB_BYTES);
        // Whether holes can be punched shows here, where a mapping of its own can still be made.
        file.punchHole(0, slotBytes);
      }
      MappingCount.OF_PROCESS.add("mmap", Slabs.SLAB_BYTES, target, 1);
      long address = map(MemorySegment.NULL, Slabs.SLAB_BYTES, 0, 0);
      if (address < 0) {
        throw Errno.exception(
            "mmap",
            Slabs.SLAB_BYTES,
            target,
            (int) -address,
            AddressSpace.OF_PROCESS.nextStep(Slabs.SLAB_BYTES, file == null));
      }
      this.memory = MemorySegment.ofAddress(address).reinterpret(Slabs.SLAB_BYTES);
    } catch (MemoryException | RuntimeException | Error e) {
      closeFile();
      throw e;
    }
    if (file == null) {
      // One store must not take a huge page that lies in hundreds of slots. A kernel without them
      // refuses the call.
      Libc.madvise(memory, Slabs.SLAB_BYTES, Madvise.NOHUGEPAGE.number);
    }
  }

  private long map(MemorySegment at, long length, long offset, int more) {
    return file == null
        ? Libc.mmap(at, length, READ_WRITE, flags | more, -1, 0)
        : file.use(fd -> Libc.mmap(at, length, READ_WRITE, flags | more, fd, offset));
  }

  @Nullable OpenFile file() {
    return file;
  }

  AtomicLong failures() {
    return failures;
  }

  /** Maps other memory of the kind. */
  MmapCall mmap() {
    return mmap;
  }

  int sizeClass() {
    return sizeClass;
  }

  /** Under the monitor. */
  boolean hasRoom() {
    return usedCount < slotCount;
  }

  /** Under the monitor. */
  boolean isEmpty() {
    return usedCount == lostCount;
  }

  /** Takes a free slot. Under the monitor. */
  int take() {
    int index = used.nextClearBit(0);
    used.set(index);
    usedCount++;
    return index;
  }

  /** Under the monitor. */
  void giveBack(int index, boolean clean) {
    if (clean) {
      used.clear(index);
      usedCount--;
    } else {
      lostCount++;
    }
  }

  /** What its owner gets of a slot that was taken. */
  Slabs.Slot slot(int index, long length) {
    long offset = index * slotBytes;
    AddressRange range = Relocation.own(memory.address() + offset, length, this);
    return new Slabs.Slot(this, range, offset);
  }

  /** The end of a slot's range, as an unmapping: the addresses stay, without what was there. */
  @Override
  public long applyAsLong(long address, long length) {
    long offset = address - memory.address();
    int index = (int) (offset / slotBytes);
    boolean stray;
    synchronized (strays) {
      stray = strays.get(index);
      strays.clear(index);
    }
    boolean covered = stray && returns.closed() && Tombstones.cover(address, slotBytes);
    if (covered) {
      covered(address); // and stays so, as no slot is taken any more
    }
    returns.returned(this, index, covered || clear(offset));
    return 0;
  }

  /**
   * The end of a slot whose addresses somebody may still use: who does must not meet its next
   * owner, so that it is given back later.
   */
  @Override
  public long keep(long address, long length, LongBinaryOperator unmap) {
    synchronized (strays) {
      strays.set((int) ((address - memory.address()) / slotBytes));
    }
    strayUse = true;
    return returns.closed()
        ? applyAsLong(address, length)
        : Tombstones.OF_PROCESS.keep(address, length, this);
  }

  @Override
  public void covered(long address) {
    OpenFile shown = file;
    if (shown != null) {
      try {
        shown.punchHole(address - memory.address(), slotBytes);
      } catch (MemoryException e) {
        // Done again, and told, when the slot is cleared; or the file goes with the slab.
      }
    }
  }

  /** Whether it is of those slabs. */
  boolean isOf(Returns slabs) {
    return returns.equals(slabs);
  }

  private boolean clear(long offset) {
    MemorySegment slot = memory.asSlice(offset, slotBytes);
    long mapped = map(slot, slotBytes, offset, Abi.MAP_FIXED);
    if (mapped < 0) {
      return false;
    }
    if (file == null) {
      Libc.madvise(slot, slotBytes, Madvise.NOHUGEPAGE.number);
      return true;
    }
    try {
      file.punchHole(offset, slotBytes);
      return true;
    } catch (MemoryException e) {
      return false;
    }
  }

  /**
   * Ends a slab without slots in use. With a lost slot its addresses stay reserved, without pages:
   * kernels before 6.12 unmap what mmap was to replace and then refuse, so that the slot's may
   * belong to another mapping of the process by now.
   */
  void unmap() {
    if (lostCount == 0) {
      AddressRange.unmap(
          memory.address(),
          Slabs.SLAB_BYTES,
          (address, length) ->
              strayUse
                  ? Tombstones.OF_PROCESS.keep(address, length, Libc.unmapping())
                  : Libc.unmapping().applyAsLong(address, length));
    }
    closeFile();
  }

  private void closeFile() {
    OpenFile last = file;
    if (last != null) {
      last.close();
    }
  }
}
