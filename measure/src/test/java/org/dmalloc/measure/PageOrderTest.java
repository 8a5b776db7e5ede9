/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PageOrderTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 16, 17, 255, 256, 257, 65_536, 100_003})
  void aPermutationHasEveryPageOnce(int size) {
    PagePermutation permutation = new PagePermutation(size, 42);
    BitSet seen = new BitSet(size);
    for (int i = 0; i < size; i++) {
      seen.set(Math.toIntExact(permutation.at(i)));
    }
    assertEquals(size, seen.cardinality());
  }

  @Test
  void aPermutationIsInNoOrder() {
    int size = 65_536;
    PagePermutation permutation = new PagePermutation(size, 42);
    int neighbours = 0;
    for (int i = 1; i < size; i++) {
      if (Math.abs(permutation.at(i) - permutation.at(i - 1)) == 1) {
        neighbours++;
      }
    }
    // A random order has two on average, and more than twenty never.
    assertTrue(neighbours < 20, "neighbours: " + neighbours);
  }

  @Test
  void theSeedDecides() {
    long[] first = firstTen(new PagePermutation(1_000, 1));
    assertArrayEquals(first, firstTen(new PagePermutation(1_000, 1)));
    assertFalse(Arrays.equals(first, firstTen(new PagePermutation(1_000, 2))));
  }

  @Test
  void refusesAnEmptyOne() {
    assertThrows(IllegalArgumentException.class, () -> new PagePermutation(0, 1));
  }

  @Test
  void coldThreadsShareThePagesAndUseNoneTwice() throws IOException {
    int pages = 1_000;
    BitSet seen = new BitSet(pages);
    int total = 0;
    for (int thread = 0; thread < 3; thread++) {
      PageOrder order = PageOrder.random(context(pages, Start.COLD, thread, 3));
      for (long page : order.take(pages)) {
        seen.set((int) page);
        total++;
      }
    }
    assertEquals(pages, total);
    assertEquals(pages, seen.cardinality());
  }

  @Test
  void theSharesOfThreadsCoverAllPagesInOrder() {
    long expected = 0;
    for (int thread = 0; thread < 7; thread++) {
      WorkerContext context = context(100, Start.COLD, thread, 7);
      assertEquals(expected, context.firstPage());
      expected = context.endPage();
    }
    assertEquals(100, expected);
  }

  @Test
  void popularPagesAreSpreadOverTheRegion() {
    int pages = 10_000;
    Map<Integer, Integer> counts = new HashMap<>();
    for (int page : PageOrder.draw(context(pages, Start.WARM, 0, 1))) {
      counts.merge(page, 1, Integer::sum);
    }
    int[] popular =
        counts.entrySet().stream()
            .sorted((a, b) -> b.getValue() - a.getValue())
            .limit(100)
            .mapToInt(Map.Entry::getKey)
            .toArray();
    for (int quarter = 0; quarter < 4; quarter++) {
      int low = quarter * pages / 4;
      long inside = Arrays.stream(popular).filter(p -> p >= low && p < low + pages / 4).count();
      assertTrue(
          inside >= 5, String.format(Locale.ROOT, "quarter %d has %d of 100", quarter, inside));
    }
  }

  private static long[] firstTen(PagePermutation permutation) {
    long[] pages = new long[10];
    Arrays.setAll(pages, permutation::at);
    return pages;
  }

  private static WorkerContext context(long pages, Start start, int thread, int threads) {
    InMemoryProvider provider = TestMemory.withEverything("fake");
    try {
      return new WorkerContext(
          new RegionPages(
              provider, provider.allocate(RegionRequest.ofSize(pages * PageContent.PAGE_BYTES))),
          null,
          null,
          new RunOptions(
              start,
              RunOptions.Timing.GROUPS,
              threads,
              0,
              false,
              RunOptions.UNLIMITED,
              RunOptions.UNLIMITED,
              0,
              7,
              0),
          thread,
          () -> 0);
    } catch (MemoryException e) {
      throw new UncheckedIOException(e);
    }
  }
}
