/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.PageSize;
import org.dmalloc.spi.region.AddressRange;

/**
 * The JVM that uses addresses past their end: {@code TombstonesMain CASE DIRECTORY}. A mistake ends
 * it, by a SIGSEGV or with a status.
 */
public final class TombstonesMain {
  private static final long PAGE = Platform.pageSize();
  private static final long MIB = 1L << 20;

  private TombstonesMain() {}

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[1]);
    switch (args[0]) {
      case "mappings" -> mappings(directory);
      case "slots" -> slots(directory);
      case "oldest" -> oldest();
      case "closes" -> closes();
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void mappings(Path directory) throws IOException {
    List<Mapping> mappings = new ArrayList<>();
    mappings.add(Mapping.anonymous("test", MIB, PageSize.DEFAULT));
    mappings.add(Mapping.anonymous("test", 3, 8 * MIB, PageSize.DEFAULT));
    mappings.add(Mapping.anonymous("test", 4 * MIB, PageSize.HUGE));
    try (OpenFile file = OpenFile.unnamedIn(directory);
        OpenFile zero = OpenFile.open(Path.of("/dev/zero"), AccessMode.READ_WRITE);
        OpenFile memory = OpenFile.inMemory("test")) {
      file.setByteSize(MIB);
      memory.setByteSize(MIB);
      for (OpenFile each : List.of(file, zero, memory)) {
        mappings.add(Mapping.ofFile(each, 0, MIB, MappingKind.SHARED, PageSize.DEFAULT));
      }
      mappings.add(Mapping.ofFile(file, 0, MIB, MappingKind.READ_ONLY, PageSize.DEFAULT));
      for (Mapping each : mappings) {
        long address = each.segment().address();
        long length = each.byteSize();
        each.expectStrayUse();
        each.close();
        requireBusError(address);
        requireBusError(address + length - 1);
      }
    }
  }

  private static void slots(Path directory) throws IOException {
    for (Slabs slabs :
        List.of(
            Slabs.anonymous("test"),
            Slabs.ofFiles(directory.toString(), () -> OpenFile.unnamedIn(directory)))) {
      Slabs.Slot first = slabs.take(2 * PAGE);
      Mapping small = Mapping.ofSlot(first, 2 * PAGE);
      small.segment().fill((byte) 7);
      long address = small.segment().address();
      OpenFile file = first.file();
      small.expectStrayUse();
      small.close();
      requireBusError(address);
      require(file == null || file.facts().allocatedBytes() == 0, "its space is taken");
      Slabs.Slot next = slabs.take(2 * PAGE);
      require(next.range().address() != address, "its addresses have another owner");
      Mapping later = Mapping.ofSlot(slabs.take(2 * PAGE), 2 * PAGE);
      later.expectStrayUse();
      slabs.close();
      requireUsable(next.range().segment());
      next.range().close();
      later.close(); // the last one, with which the slab goes
      requireBusError(address);
      requireBusError(later.segment().address());
    }
  }

  private static void oldest() {
    Tombstones few = new Tombstones(4, 16 * MIB);
    List<Long> released = new ArrayList<>();
    List<Long> kept = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      keep(few, MIB, kept, released);
      require(few.count() == Math.min(4, i + 1), "tombstones: " + few.count());
    }
    require(released.equals(kept.subList(0, 6)), "others than the oldest: " + released);
    kept.subList(6, 10).forEach(TombstonesMain::requireBusError);
    keep(few, 13 * MIB, kept, released); // as many bytes as three more of them
    require(few.count() == 4, "tombstones: " + few.count());
    keep(few, 20 * MIB, kept, released); // more than all
    require(few.count() == 0, "tombstones: " + few.count());
    require(released.equals(kept), "left: " + kept);

    keep(few, MIB, kept, released);
    few.giveUp(each -> false);
    require(few.count() == 1, "given up");
    few.giveUp(each -> true);
    require(few.count() == 0 && released.equals(kept), "not given up");

    keep(new Tombstones(0, MIB), MIB, kept, released);
    require(released.equals(kept), "a tombstone where there is to be none");
  }

  private static void keep(
      Tombstones tombstones, long length, List<Long> kept, List<Long> released) {
    long address = Relocation.reserve(length, PAGE);
    kept.add(address);
    AddressRange.unmap(
        address,
        length,
        (a, l) ->
            tombstones.keep(
                a,
                l,
                (covered, size) -> {
                  released.add(covered);
                  return Libc.unmapping().applyAsLong(covered, size);
                }));
  }

  /** No mapping and no descriptor more than the bound, after a hundred thousand ends. */
  private static void closes() throws IOException {
    List<Long> last = new ArrayList<>();
    int mappings = 0;
    for (int i = 0; i < 100_000; i++) {
      Mapping each = Mapping.anonymous("test", PAGE * (1 + i % 32), PageSize.DEFAULT);
      last.add(each.segment().address());
      each.expectStrayUse();
      each.close();
      if (i == 10_000) {
        mappings = mappings();
        last.clear();
      }
    }
    int more = mappings() - mappings;
    require(more < 100, more + " mappings more");
    last.subList(last.size() - 200, last.size()).forEach(TombstonesMain::requireBusError);
  }

  private static int mappings() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/maps")).size();
  }

  private static void requireUsable(MemorySegment memory) {
    memory.set(JAVA_BYTE, 0, (byte) 1);
    require(memory.get(JAVA_BYTE, 0) == 1, "a neighbour has lost its memory");
  }

  /** Loads and stores as native code would, by an address. */
  private static void requireBusError(long address) {
    MemorySegment stray = MemorySegment.ofAddress(address).reinterpret(1);
    require(isBusError(() -> stray.get(JAVA_BYTE, 0)), "a load was let through");
    require(isBusError(() -> stray.set(JAVA_BYTE, 0, (byte) 1)), "a store was let through");
  }

  private static boolean isBusError(Runnable use) {
    try {
      use.run();
      BusErrors.deliver();
      return false;
    } catch (InternalError e) {
      return BusErrors.require(e).equals(e);
    }
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException(what);
    }
  }
}
