/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.AddressRange;
import org.jspecify.annotations.Nullable;

/**
 * Slots for small mappings: pieces of larger mappings, so that a hundred thousand of them take some
 * dozens of the process's mappings and descriptors.
 *
 * <p><b>How.</b> As in a slab allocator, sizes are rounded up to size classes, powers of two from a
 * page to {@link #LARGEST_BYTES}, and a slab is one mapping of {@value #SLAB_BYTES} bytes for slots
 * of one class. It shows a file without a name, or private memory.
 *
 * <p><b>Isolation.</b> Each slot has a shared arena of its own, so that use after its end throws
 * although its addresses stay mapped. A slot that is given back is mapped anew, in one call that
 * leaves no moment between, and its part of the file is punched out: it takes neither memory nor
 * disk space, is zero at its next use, and what was advised, locked or tracked in it holds no more.
 * One for which the kernel refuses that is not used again. One whose addresses its owner has handed
 * out stays a {@linkplain Tombstones tombstone} before.
 *
 * <p><b>Ownership.</b> A slot belongs to who took it. A slab without slots in use goes, but for one
 * of each class, which {@link #close} lets go.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 */
public final class Slabs implements AutoCloseable {
  /** The largest slot. Larger regions meet no limit of mappings before they meet one of memory. */
  public static final long LARGEST_BYTES = 64L << 10;

  static final long SLAB_BYTES = 16L << 20;

  private final String target;
  private final @Nullable Files files;

  /** By size class, the slabs that have a free slot. */
  private final List<List<Slab>> withRoom = new ArrayList<>();

  private volatile boolean closed;

  /** Tells its slabs from others. */
  private final Slab.Returns returns =
      new Slab.Returns() {
        @Override
        public void returned(Slab slab, int index, boolean clean) {
          Slabs.this.returned(slab, index, clean);
        }

        @Override
        public boolean closed() {
          return closed;
        }
      };

  /** Makes the files of slabs. */
  @FunctionalInterface
  public interface Files {
    /** An empty file without a name, which the slab closes. */
    OpenFile create() throws MemoryException;
  }

  /** A place for one mapping, which is zero; closing its range gives the slot back. */
  public static final class Slot {
    private final Slab slab;
    private final AddressRange range;
    private final long fileOffset;

    Slot(Slab slab, AddressRange range, long fileOffset) {
      this.slab = slab;
      this.range = range;
      this.fileOffset = fileOffset;
    }

    Slab slab() {
      return slab;
    }

    /** Its addresses, whole pages. */
    public AddressRange range() {
      return range;
    }

    /** What its slab shows; null for private memory. */
    public @Nullable OpenFile file() {
      return slab.file();
    }

    /** Where the slot begins in the file. */
    public long fileOffset() {
      return fileOffset;
    }

    /**
     * How often the kernel could not write pages of the slab's file. It tells of a failure once,
     * whichever pages it concerned: who calls for a write holds the monitor of this meanwhile.
     */
    public AtomicLong failures() {
      return slab.failures();
    }
  }

  private Slabs(String target, @Nullable Files files) {
    this.target = target;
    this.files = files;
    for (long size = Platform.pageSize(); size <= LARGEST_BYTES; size *= 2) {
      withRoom.add(new ArrayList<>());
    }
  }

  /** Slots of private memory, which messages call {@code target}. */
  public static Slabs anonymous(String target) {
    return new Slabs(target, null);
  }

  /** Slots in files, shared; where files lie is what messages call them. */
  public static Slabs ofFiles(String directory, Files files) {
    return new Slabs(directory, files);
  }

  /** Whether a mapping of that size fits into a slot. */
  public static boolean takes(long byteSize) {
    return byteSize > 0 && byteSize <= LARGEST_BYTES;
  }

  private static int classOf(long byteSize) {
    long pages = Platform.roundUpToPage(byteSize) / Platform.pageSize();
    return Long.SIZE - Long.numberOfLeadingZeros(pages - 1);
  }

  /**
   * Takes a slot; of a file no space is reserved yet.
   *
   * @param byteSize what {@link #takes} accepts
   * @throws MemoryException if there is no free slot, and a new slab is refused
   */
  public Slot take(long byteSize) throws MemoryException {
    long length = Platform.roundUpToPage(byteSize);
    int sizeClass = classOf(byteSize);
    Slab slab;
    int index;
    synchronized (this) {
      List<Slab> slabs = withRoom.get(sizeClass);
      if (slabs.isEmpty()) {
        OpenFile file = files == null ? null : files.create();
        slabs.add(new Slab(returns, target, sizeClass, file));
      }
      slab = slabs.getLast();
      index = slab.take();
      if (!slab.hasRoom()) {
        slabs.removeLast();
      }
    }
    return slab.slot(index, length);
  }

  /** A slot of the slab is free and clean, or lost. */
  private void returned(Slab slab, int index, boolean clean) {
    boolean ends;
    synchronized (this) {
      List<Slab> slabs = withRoom.get(slab.sizeClass());
      boolean hadRoom = slab.hasRoom();
      slab.giveBack(index, clean);
      boolean spare = slabs.size() > 1 || (slabs.size() == 1 && !hadRoom);
      ends = slab.isEmpty() && (closed || spare || !slab.hasRoom());
      if (ends) {
        slabs.remove(slab);
      } else if (!hadRoom && slab.hasRoom()) {
        slabs.addFirst(slab);
      }
    }
    if (ends) {
      slab.unmap();
    }
  }

  /** Takes no more room than the slots in use; they stay, and their slabs until they are closed. */
  @Override
  public void close() {
    List<Slab> empty = new ArrayList<>();
    synchronized (this) {
      closed = true;
      for (List<Slab> slabs : withRoom) {
        slabs.stream().filter(Slab::isEmpty).forEach(empty::add);
        slabs.removeIf(Slab::isEmpty);
      }
    }
    empty.forEach(Slab::unmap);
    Tombstones.OF_PROCESS.giveUp(release -> release instanceof Slab slab && slab.isOf(returns));
  }
}
