/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Sharing;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MappingKind;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.spi.machine.Machine;
import org.jspecify.annotations.Nullable;

/**
 * Where memory without a file comes from.
 *
 * <table class="striped">
 * <caption>What the three sources are to the kernel</caption>
 * <thead><tr><th>Source<th>Mapping<th>Counted against the commit limit<th>Can grow</tr></thead>
 * <tbody>
 * <tr><th>{@link #PRIVATE}<td>MAP_PRIVATE | MAP_ANONYMOUS<td>as a whole, by mmap<td>yes, by mremap</tr>
 * <tr><th>{@link #MEMFD}<td>MAP_SHARED of a sealed memfd<td>page by page<td>no: sealed</tr>
 * <tr><th>{@link #ZERO}<td>MAP_SHARED of /dev/zero<td>as a whole, by mmap<td>no: the kernel's
 * object behind it has a fixed size</tr>
 * </tbody>
 * </table>
 *
 * <p>None uses MAP_NORESERVE, so the machine's {@code vm.overcommit_memory} decides what is
 * promised. A memfd is the exception that needs help: the kernel counts its pages at their first
 * store, and where overcommit is forbidden (mode 2) one page too many is a SIGBUS. There the pages
 * of a memfd are taken when it is allocated; in mode 0 its size is checked as mmap checks others.
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

  private static final Path ZERO_DEVICE = Path.of("/dev/zero");
  private static final int NAME_CHARS = 60;

  private final String backing;
  private final Sharing sharing;

  MemorySource(String backing, Sharing sharing) {
    this.backing = backing;
    this.sharing = sharing;
  }

  /**
   * Mapped memory and what must be kept open with it.
   *
   * @param mapping the memory
   * @param file the memfd, which is closed after the mapping; null where there is none
   * @param target what messages call it
   */
  record Memory(Mapping mapping, @Nullable OpenFile file, String target) implements AutoCloseable {
    @Override
    public void close() {
      mapping.close();
      if (file != null) {
        file.close();
      }
    }
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
            Capability.SWAP_POLICY);
    if (Mapping.tracksWrites()) {
      can.add(Capability.DIRTY_TRACKING);
    }
    if (this != ZERO) { // its pages in the swap cache cannot be told from those in use
      can.add(Capability.RESIDENT_BUDGET);
    }
    if (sharing == Sharing.PRIVATE) {
      can.add(Capability.PRIVATE_MAPPING);
      can.add(Capability.RESIZE);
    } else {
      can.add(Capability.SHARED_MAPPING);
    }
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
   * @param owner shown in {@code /proc/PID/maps} where the source has names; null for none
   * @param machine decides whether a memfd takes its pages now
   */
  Memory take(
      long byteSize,
      PageSize pageSize,
      @Nullable String owner,
      ProgressListener progress,
      Machine machine)
      throws MemoryException {
    return switch (this) {
      case PRIVATE -> {
        String target = owner == null ? "private memory" : "private memory for " + owner;
        yield new Memory(Mapping.anonymous(target, byteSize, pageSize), null, target);
      }
      case MEMFD -> memfd(byteSize, pageSize, owner, progress, machine);
      case ZERO -> {
        try (OpenFile zero = OpenFile.open(ZERO_DEVICE, AccessMode.READ_WRITE)) {
          Mapping mapping = Mapping.ofFile(zero, 0, byteSize, MappingKind.SHARED, pageSize);
          yield new Memory(mapping, null, zero.target());
        }
      }
    };
  }

  private static Memory memfd(
      long byteSize,
      PageSize pageSize,
      @Nullable String owner,
      ProgressListener progress,
      Machine machine)
      throws MemoryException {
    String name = owner == null ? "dmalloc" : "dmalloc:" + printable(owner);
    String target = "memfd " + name;
    machine.requirePromise("allocate", byteSize, target);
    OpenFile file = OpenFile.inMemory(name);
    try {
      file.setByteSize(byteSize);
      file.sealByteSize();
      if (machine.forbidsOvercommit()) {
        machine.requireMemory("allocate", byteSize, target);
        file.reserve(0, byteSize, progress);
      }
      Mapping mapping = Mapping.ofFile(file, 0, byteSize, MappingKind.SHARED, pageSize);
      return new Memory(mapping, file, target);
    } catch (MemoryException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** Fit for a line of /proc/PID/maps, and short enough for memfd_create. */
  private static String printable(String owner) {
    String oneLine = owner.replaceAll("\\p{Cntrl}", "?");
    int end = Math.min(NAME_CHARS, oneLine.length());
    return oneLine.substring(0, oneLine.offsetByCodePoints(0, oneLine.codePointCount(0, end)));
  }
}
