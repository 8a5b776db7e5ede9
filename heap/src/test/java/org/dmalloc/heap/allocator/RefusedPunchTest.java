/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;
import org.junit.jupiter.api.Test;

/** Regions that give no space back. */
class RefusedPunchTest {
  private static final long BLOCK = 1100 * HeapRig.PAGE;

  /** A heap with a run that was used; the pages behind it are not free. */
  private static long usedRun(HeapRig rig) throws MemoryException {
    Heap heap = rig.heap();
    long block = heap.allocate(BLOCK);
    heap.allocate(BLOCK);
    heap.free(block);
    return block;
  }

  private static int kind(HeapRig rig, long block) {
    return PageTable.kind(rig.get(rig.descriptor(block)));
  }

  private static void assertNothingWasGivenBack(HeapRig rig, long block) throws MemoryException {
    assertEquals(0, rig.heap().statistics().punchedBytes());
    assertEquals(PageTable.FREE, kind(rig, block));
    assertEquals(List.of(), rig.heap().check().findings());
    assertEquals(block, rig.heap().allocate(BLOCK));
    assertEquals(0, rig.faults().count("reserve"), "its space was there");
  }

  @Test
  void aRunWhoseRegionRefusesThatKeepsItsSpace() throws Exception {
    for (RuntimeException refusal :
        List.of(new UnsupportedOperationException("private"), new IllegalStateException("ro"))) {
      try (HeapRig rig = new HeapRig(16 << 20)) {
        long block = usedRun(rig);
        rig.faults().fail(refusal, "punch");
        assertEquals(0, rig.heap().trim());
        assertTrue(rig.faults().count("punch") > 0);
        assertNothingWasGivenBack(rig, block);
      }
    }
  }

  @Test
  void aRunWithAProtectedPageKeepsItsSpace() throws Exception {
    try (HeapRig rig = new HeapRig(16 << 20)) {
      long block = usedRun(rig);
      rig.region().protect(block + HeapRig.PAGE, HeapRig.PAGE, AccessMode.READ_ONLY);
      assertThrows(IllegalStateException.class, rig.heap()::trim); // nothing may be stored at all
      rig.region().protect(block + HeapRig.PAGE, HeapRig.PAGE, AccessMode.READ_WRITE);
      assertEquals(0, rig.faults().count("punch"));
      assertNothingWasGivenBack(rig, block);
    }
  }

  /** The region does not say how far it came: its pages may have lost their space. */
  @Test
  void aRunOfAPunchThatFailsIsReservedAgainBeforeItIsUsed() throws Exception {
    try (HeapRig rig = new HeapRig(16 << 20)) {
      long block = usedRun(rig);
      rig.faults().fail("EIO", "punch");
      assertThrows(MemoryException.class, rig.heap()::trim);
      assertEquals(PageTable.HOLES, kind(rig, block));
      assertEquals(List.of(), rig.heap().check().findings());
      rig.faults().clear();
      assertEquals(block, rig.heap().allocate(BLOCK));
      assertEquals(1, rig.faults().count("reserve"));
    }
  }

  @Test
  void aRefusalLeavesWhatAnEarlierPunchLeft() throws Exception {
    try (HeapRig rig = new HeapRig(16 << 20)) {
      long block = usedRun(rig);
      rig.faults().fail("EIO", "punch");
      assertThrows(MemoryException.class, rig.heap()::trim);
      rig.faults().fail(new UnsupportedOperationException("private"), "punch");
      assertEquals(0, rig.heap().trim());
      assertEquals(PageTable.HOLES, kind(rig, block));
    }
  }
}
