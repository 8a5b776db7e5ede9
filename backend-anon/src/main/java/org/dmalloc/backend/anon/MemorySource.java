/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.EnumSet;
import java.util.Set;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.Sharing;
import org.dmalloc.linux.Mapping;
import org.dmalloc.spi.machine.Machine;
import org.jspecify.annotations.Nullable;

/**
 * Where memory without a file comes from.
 *
 * <table class="striped">
 * <caption>What the three sources are to the kernel</caption>
 * <thead><tr><th>Source<th>Mapping<th>Counted against the commit limit<th>Grows in place<th>Beyond
 * its maximum</tr></thead>
 * <tbody>
 * <tr><th>{@link #PRIVATE}<td>MAP_PRIVATE | MAP_ANONYMOUS<td>its size, by mmap and mprotect<td>by
 * mprotect of reserved addresses<td>by mremap</tr>
 * <tr><th>{@link #MEMFD}<td>MAP_SHARED of a memfd that cannot be cut<td>page by page<td>by
 * ftruncate of the file; all of the maximum is mapped<td>not, as the file is sealed; without a
 * maximum by mremap</tr>
 * <tr><th>{@link #ZERO}<td>MAP_SHARED of /dev/zero<td>as a whole, by mmap; with a maximum page by
 * page<td>in name only, as the kernel's object behind it has a fixed size: that of the maximum
 * <td>by a copy</tr>
 * </tbody>
 * </table>
 *
 * <p>None but ZERO with a maximum uses MAP_NORESERVE, so the machine's {@code vm.overcommit_memory}
 * decides what is promised. A memfd is the exception that needs help: the kernel counts its pages
 * at their first store, and where overcommit is forbidden (mode 2) one page too many is a SIGBUS.
 * There the pages of a memfd are taken when it is allocated; in mode 0 its size is checked as mmap
 * checks others.
 */
enum MemorySource {
  /** Private anonymous memory: what malloc takes for large blocks. */
  PRIVATE("private anonymous memory, swap", Sharing.PRIVATE),
  /** A file in memory that other processes can map through its descriptor. */
  MEMFD("memfd, swap", Sharing.SHARED),
  /**
   * The System V and BSD way before MAP_ANONYMOUS. A shared mapping of the device is an object of
   * its own, which children that do not exec inherit; no other process can reach it.
   */
  ZERO("shared mapping of /dev/zero, swap", Sharing.SHARED);

  private static final int NAME_CHARS = 60;

  private final String backing;
  private final Sharing sharing;

  MemorySource(String backing, Sharing sharing) {
    this.backing = backing;
    this.sharing = sharing;
  }

  /** What holds the bytes, in words. */
  String backing() {
    return backing;
  }

  Sharing sharing() {
    return sharing;
  }

  Set<Capability> capabilities() {
    EnumSet<Capability> can =
        EnumSet.of(
            Capability.ADVICE,
            Capability.HUGE_PAGES,
            Capability.PREFAULT,
            Capability.LOCKED,
            Capability.PREFETCH,
            Capability.RESIDENCY,
            Capability.RELEASE,
            Capability.PUNCH,
            Capability.RESIZE,
            Capability.GROW_IN_PLACE,
            Capability.SWAP_POLICY);
    if (Mapping.tracksWrites()) {
      can.add(Capability.DIRTY_TRACKING);
    }
    if (this == MEMFD) {
      can.add(Capability.PROCESS_SHARED);
    }
    if (this != ZERO) { // its pages in the swap cache cannot be told from those in use
      can.add(Capability.RESIDENT_BUDGET);
    }
    can.add(sharing == Sharing.PRIVATE ? Capability.PRIVATE_MAPPING : Capability.SHARED_MAPPING);
    return can;
  }

  /** The advice that its kind of memory takes. */
  Set<Advice> advice() {
    EnumSet<Advice> takes = EnumSet.allOf(Advice.class);
    if (sharing == Sharing.PRIVATE) {
      takes.remove(Advice.DONT_NEED); // it would throw the only copy of the content away
    }
    return takes;
  }

  /**
   * Takes fresh memory.
   *
   * @param maximum bytes that it may grow to in place, or {@link RegionAttributes#NO_MAXIMUM}
   * @param owner shown in {@code /proc/PID/maps} where the source has names; null for none
   * @param machine decides whether a memfd takes its pages now
   */
  AnonymousMemory take(
      long byteSize,
      long maximum,
      PageSize pageSize,
      @Nullable String owner,
      ProgressListener progress,
      Machine machine)
      throws MemoryException {
    return switch (this) {
      case PRIVATE -> {
        String target = target(owner);
        yield new AnonymousMemory(
            Mapping.anonymous(target, byteSize, maximum, pageSize), target, machine);
      }
      case MEMFD -> {
        String name = memfdName(owner);
        yield new MemfdMemory(name, byteSize, maximum, pageSize, progress, machine);
      }
      case ZERO -> new ZeroDeviceMemory(byteSize, maximum, pageSize, machine);
    };
  }

  /** What messages call private memory. */
  static String target(@Nullable String owner) {
    return owner == null ? "private memory" : "private memory for " + owner;
  }

  /** What a memfd is called. */
  static String memfdName(@Nullable String owner) {
    return owner == null ? "dmalloc" : "dmalloc:" + printable(owner);
  }

  /** Fit for a line of /proc/PID/maps, and short enough for memfd_create. */
  private static String printable(String owner) {
    String oneLine = owner.replaceAll("\\p{Cntrl}", "?");
    int end = Math.min(NAME_CHARS, oneLine.length());
    return oneLine.substring(0, oneLine.offsetByCodePoints(0, oneLine.codePointCount(0, end)));
  }
}
