/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.VirtualAreas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Slots of shared mappings: isolation, zeros, and what is given back. */
final class SlabsTest {
  private static final long PAGE = Platform.pageSize();

  @TempDir Path directory;
  private final List<OpenFile> files = new ArrayList<>();

  private Slabs slabs(boolean ofFiles) {
    return ofFiles
        ? Slabs.ofFiles(
            directory.toString(),
            () -> {
              OpenFile file = OpenFile.unnamedIn(directory);
              files.add(file);
              return file;
            })
        : Slabs.anonymous("test");
  }

  private static int areas(Slabs.Slot slot) throws MemoryException {
    long start = slot.range().address() - slot.fileOffset();
    return VirtualAreas.in(start, start + Slabs.SLAB_BYTES).size();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void slotsOfASlabDoNotOverlapAndAreOneMapping(boolean ofFiles) throws MemoryException {
    try (Slabs slabs = slabs(ofFiles)) {
      List<Slabs.Slot> slots = new ArrayList<>();
      Set<Long> addresses = new HashSet<>();
      for (int i = 0; i < 300; i++) {
        Slabs.Slot slot = slabs.take(3 * PAGE);
        assertEquals(3 * PAGE, slot.range().length());
        assertTrue(addresses.add(slot.range().address()), "slot " + i);
        slot.range().segment().fill((byte) i);
        slots.add(slot);
      }
      for (int i = 0; i < 300; i++) {
        MemorySegment segment = slots.get(i).range().segment();
        assertEquals((byte) i, segment.get(JAVA_BYTE, 0));
        assertEquals((byte) i, segment.get(JAVA_BYTE, 3 * PAGE - 1));
      }
      assertEquals(1, areas(slots.getFirst()));
      for (Slabs.Slot slot : slots) {
        slot.range().close();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void useAfterTheEndThrowsAndTheNextUserFindsZeros(boolean ofFiles) throws MemoryException {
    try (Slabs slabs = slabs(ofFiles)) {
      Slabs.Slot kept = slabs.take(PAGE);
      Slabs.Slot slot = slabs.take(PAGE);
      MemorySegment old = slot.range().segment();
      kept.range().segment().fill((byte) 7);
      old.fill((byte) 8);
      slot.range().close();
      assertThrows(IllegalStateException.class, () -> old.get(JAVA_BYTE, 0));
      Slabs.Slot next = slabs.take(PAGE);
      assertEquals(old.address(), next.range().address());
      assertEquals(0, next.range().segment().get(JAVA_BYTE, PAGE - 1));
      assertEquals(7, kept.range().segment().get(JAVA_BYTE, PAGE - 1));
      next.range().close();
      kept.range().close();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void adviceLocksAndTrackingEndWithTheSlot(boolean ofFiles) throws MemoryException {
    try (Slabs slabs = slabs(ofFiles)) {
      Slabs.Slot first = slabs.take(PAGE);
      Slabs.Slot slot = slabs.take(PAGE);
      Slabs.Slot last = slabs.take(PAGE);
      Mapping mapping = Mapping.ofSlot(slot, PAGE);
      mapping.advise(Advice.RANDOM, 0, PAGE);
      mapping.lock();
      if (Mapping.tracksWrites()) {
        mapping.trackWrites();
      }
      assertEquals(3, areas(first));
      mapping.close();
      assertEquals(1, areas(first));
      first.range().close();
      last.range().close();
    }
  }

  @Test
  void aFileOnlyTakesTheSpaceOfSlotsInUse() throws MemoryException {
    try (Slabs slabs = slabs(true)) {
      Slabs.Slot kept = slabs.take(PAGE);
      Slabs.Slot slot = slabs.take(PAGE);
      OpenFile file = files.getFirst();
      file.reserve(kept.fileOffset(), PAGE);
      file.reserve(slot.fileOffset(), PAGE);
      slot.range().segment().fill((byte) 1);
      assertEquals(2 * PAGE, file.facts().allocatedBytes());
      slot.range().close();
      assertEquals(PAGE, file.facts().allocatedBytes());
      kept.range().close();
      assertEquals(0, file.facts().allocatedBytes());
    }
    assertThrows(IllegalStateException.class, files.getFirst()::facts);
  }

  @Test
  void oneEmptySlabOfAClassIsKeptUntilTheEnd() throws MemoryException {
    Slabs slabs = slabs(true);
    List<Slabs.Slot> slots = new ArrayList<>();
    long perSlab = Slabs.SLAB_BYTES / Slabs.LARGEST_BYTES;
    for (int i = 0; i < 3 * perSlab; i++) {
      slots.add(slabs.take(Slabs.LARGEST_BYTES));
    }
    assertEquals(3, files.size());
    for (Slabs.Slot slot : slots) {
      slot.range().close();
    }
    assertEquals(1, open());
    slabs.take(Slabs.LARGEST_BYTES).range().close();
    assertEquals(3, files.size());
    Slabs.Slot open = slabs.take(Slabs.LARGEST_BYTES);
    slabs.close();
    assertEquals(1, open());
    open.range().close();
    assertEquals(0, open());
  }

  private long open() {
    return files.stream().filter(SlabsTest::isOpen).count();
  }

  private static boolean isOpen(OpenFile file) {
    return file.useIfOpen(false, fd -> true);
  }

  @Test
  void memoryWithoutAFileMovesToAMappingOfItsOwn() throws MemoryException {
    try (Slabs slabs = slabs(false)) {
      Slabs.Slot neighbour = slabs.take(PAGE);
      Mapping mapping = Mapping.ofSlot(slabs.take(PAGE), PAGE);
      MemorySegment old = mapping.segment();
      long address = old.address();
      old.fill((byte) 5);
      mapping.resize(10 * PAGE);
      assertThrows(IllegalStateException.class, () -> old.get(JAVA_BYTE, 0));
      assertEquals(5, mapping.segment().get(JAVA_BYTE, PAGE - 1));
      assertEquals(0, mapping.segment().get(JAVA_BYTE, PAGE));
      assertNotEquals(address, mapping.segment().address());
      Slabs.Slot next = slabs.take(PAGE);
      assertEquals(address, next.range().address());
      mapping.resize(20 * PAGE);
      mapping.close();
      next.range().close();
      neighbour.range().close();
    }
  }

  @Test
  void addressesOfALostSlotAreNotUnmappedWithTheOthers() throws MemoryException {
    Slab slab = new Slab((from, index, clean) -> {}, "slab", 0, null);
    int index = slab.take();
    long start = slab.slot(index, Platform.pageSize()).range().address();
    slab.giveBack(index, false);
    slab.unmap();
    assertFalse(VirtualAreas.in(start, start + Platform.pageSize()).isEmpty());
    Relocation.unmap(start, Slabs.SLAB_BYTES);
  }

  @Test
  void aSlotTakesItsSizeClass() {
    assertTrue(Slabs.takes(1));
    assertTrue(Slabs.takes(Slabs.LARGEST_BYTES));
    assertEquals(false, Slabs.takes(Slabs.LARGEST_BYTES + 1));
    assertEquals(false, Slabs.takes(0));
  }
}
