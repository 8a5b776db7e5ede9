/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.LongBinaryOperator;
import java.util.function.Predicate;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.AddressSpace;
import org.dmalloc.spi.machine.MappingCount;
import org.dmalloc.spi.region.AddressRange;

/**
 * Keeps the addresses of mappings that were closed while somebody may still know them. A load or
 * store there meets an empty file: a SIGBUS, which Java makes an {@link InternalError}, where it
 * would be a SIGSEGV, which ends the JVM, or memory that others have by then.
 *
 * <p><b>How.</b> A file in memory without a byte, sealed against growth, is mapped over the range
 * by one call, which leaves no moment between. It takes no memory, whatever its length; each is a
 * mapping of its own.
 *
 * <p><b>How many.</b> So many that the system property {@value #PROPERTY} says, {@value
 * #DEFAULT_COUNT} by default, and no more bytes of addresses than a sixteenth of the process's
 * limit. Then the oldest goes. Where the kernel refuses one, the range is unmapped at once.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 */
final class Tombstones implements AddressRange.Keeper {
  static final String PROPERTY = "dmalloc.tombstones";

  private static final int DEFAULT_COUNT = 256;
  private static final int SHARE_OF_ADDRESSES = 16;
  private static final String NAME = "dmalloc tombstone";

  /** Of all bundles that use this copy of the class. */
  static final Tombstones OF_PROCESS =
      new Tombstones(
          Integer.getInteger(PROPERTY, DEFAULT_COUNT),
          AddressSpace.OF_PROCESS.limit() / SHARE_OF_ADDRESSES);

  private final int most;
  private final long mostBytes;

  // Guarded by this.
  private final Queue<Tombstone> tombstones = new ArrayDeque<>();
  private long bytes;

  Tombstones(int most, long mostBytes) {
    this.most = most;
    this.mostBytes = mostBytes;
  }

  /** What can be told that its range is covered, and is asked later to let it go. */
  interface Covered extends LongBinaryOperator {
    void covered(long address);
  }

  private record Tombstone(long address, long length, LongBinaryOperator release) {
    void end() {
      AddressRange.unmap(address, length, release);
    }
  }

  /** Covers a range, and lets the oldest go that are too many. */
  @Override
  public long keep(long address, long length, LongBinaryOperator release) {
    if (most <= 0 || !cover(address, length)) {
      return release.applyAsLong(address, length);
    }
    if (release instanceof Covered covered) {
      covered.covered(address);
    }
    List<Tombstone> oldest = new ArrayList<>();
    synchronized (this) {
      tombstones.add(new Tombstone(address, length, release));
      bytes += length;
      while (tombstones.size() > most || bytes > mostBytes) {
        Tombstone next = tombstones.remove();
        bytes -= next.length;
        oldest.add(next);
      }
    }
    oldest.forEach(Tombstone::end); // a slab takes a lock of its own
    return 0;
  }

  /** Maps nothing over a range; false if the kernel or a limit refuses. */
  static boolean cover(long address, long length) {
    try (OpenFile nothing = OpenFile.inMemory(NAME)) {
      Seal.add(nothing, Seal.SHRINK, Seal.GROW, Seal.SEAL);
      MappingCount.OF_PROCESS.add("mmap", length, NAME, 2);
      return nothing.use(fd -> map(address, length, fd)) == address;
    } catch (MemoryException e) {
      return false; // no descriptor or mapping is left, and those in use come first
    }
  }

  private static long map(long address, long length, int fd) {
    return Libc.mmap(
        MemorySegment.ofAddress(address),
        length,
        Abi.PROT_READ | Abi.PROT_WRITE, // without it a store would be a SIGSEGV
        Abi.MAP_SHARED | Abi.MAP_FIXED,
        fd,
        0);
  }

  /** Lets those go at once that are released by one of these. */
  void giveUp(Predicate<LongBinaryOperator> which) {
    List<Tombstone> those = new ArrayList<>();
    synchronized (this) {
      for (Tombstone each : tombstones) {
        if (which.test(each.release)) {
          those.add(each);
          bytes -= each.length;
        }
      }
      tombstones.removeAll(those);
    }
    those.forEach(Tombstone::end);
  }

  synchronized int count() {
    return tombstones.size();
  }
}
