/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapFullException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HashIndexTest extends HeapExamplesTestCase {
  private static final String ROOT = "index";

  private static Map<String, Long> content(HashIndex index) {
    Map<String, Long> found = new HashMap<>();
    index.forEach((key, value) -> assertEquals(null, found.put(key, value), "shown twice: " + key));
    return found;
  }

  @ParameterizedTest
  @EnumSource(Ending.class)
  void comesBackAfterARestart(Ending ending) throws Exception {
    Map<String, Long> expected = new HashMap<>();
    Random random = new Random(1);
    HashIndex index = HashIndex.open(heap(), ROOT);
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < 5000; i++) {
        String key = "schlüssel " + random.nextInt(3000);
        if (random.nextInt(3) == 0) {
          assertEquals(expected.remove(key) != null, index.remove(key));
        } else {
          long value = random.nextLong();
          index.put(key, value);
          expected.put(key, value);
        }
        assertEquals(expected.size(), index.size());
      }
      index = HashIndex.open(restart(ending), ROOT);
      assertEquals(expected, content(index));
      assertEquals(expected.size(), index.size());
      for (Map.Entry<String, Long> each : expected.entrySet()) {
        assertEquals(OptionalLong.of(each.getValue()), index.get(each.getKey()));
      }
      assertEquals(OptionalLong.empty(), index.get("no key"));
      assertEquals(index.blocks().size(), heap().statistics().liveBlocks(), "blocks without use");
    }
  }

  /** What a process had in its hands when it was killed is freed by the next one. */
  @Test
  void whatNothingLeadsToIsSwept() throws Exception {
    HashIndex index = HashIndex.open(heap(), ROOT);
    index.put("a", 1);
    heap().allocate(1000);
    Heap heap = restart(Ending.UNCLEAN);
    assertFalse(heap.recovery().clean());
    assertEquals(Map.of("a", 1L), content(HashIndex.open(heap, ROOT)));
    assertEquals(2, heap.statistics().liveBlocks(), "the table and an entry");
  }

  @Test
  void staysWholeWhenTheHeapIsFull() throws Exception {
    HashIndex index = HashIndex.open(heap(), ROOT);
    Map<String, Long> expected = new HashMap<>();
    String large = "x".repeat(5000);
    assertThrows(
        HeapFullException.class,
        () -> {
          for (long i = 0; ; i++) {
            index.put(large + i, i);
            expected.put(large + i, i);
          }
        });
    assertTrue(expected.size() > 1000, "keys " + expected.size());
    assertEquals(expected, content(index));
    assertEquals(index.blocks().size(), heap().statistics().liveBlocks());
    assertTrue(index.remove(large + 0));
    index.put(large + 1, 7);
    assertEquals(OptionalLong.of(7), index.get(large + 1));
  }
}
