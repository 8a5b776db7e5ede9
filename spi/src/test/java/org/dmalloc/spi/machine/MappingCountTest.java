/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The account of mappings, on copies of the kernel's files that the test keeps up to date. */
class MappingCountTest {
  private static final int LIMIT = 65_530;
  private static final int FREE = LIMIT - (int) MappingCount.RESERVE;

  private final String property = "dmalloc.test." + UUID.randomUUID();

  @TempDir private Path root;

  @BeforeEach
  void aProcessWithAThousandMappings() throws IOException {
    Files.createDirectories(root.resolve("proc/sys/vm"));
    Files.createDirectories(root.resolve("proc/self"));
    Files.writeString(root.resolve("proc/sys/vm/max_map_count"), LIMIT + "\n");
    mappings(1000);
  }

  @AfterEach
  void forget() {
    System.clearProperty(property);
    System.clearProperty(property + ".pieces");
  }

  private void mappings(int count) throws IOException {
    Files.writeString(root.resolve("proc/self/maps"), "x\n".repeat(count));
  }

  private MappingCount copy() {
    return new MappingCount(new KernelFiles(root), property);
  }

  private static MemoryException refusal(MappingCount count) {
    return assertThrows(MemoryException.class, () -> count.add("mmap", 4096, "it", 2));
  }

  @Test
  void refusesWithNumbersAndRemedyWhereTheReserveBegins() throws Exception {
    mappings(FREE - 1);
    assertEquals(
        "mmap 4096 bytes of it: the process has 61433 mappings, and of the 65530 that"
            + " vm.max_map_count allows the JVM keeps 4096; close regions, advise larger pieces, or"
            + " raise vm.max_map_count (sysctl vm.max_map_count=1048576)",
        refusal(copy()).getMessage());
  }

  /** Whoever maps pieces of memory may close every second one, and is not asked then. */
  @Test
  void whatClosingPiecesMaySplitIsNotGranted() throws Exception {
    MappingCount count = copy();
    int pieces = 2 * (FREE - 1000);
    copy().addPieces(pieces - 1);
    count.add("mmap", 4096, "it", 1);
    copy().addPieces(1);
    assertTrue(
        String.valueOf(refusal(copy()).getMessage())
            .contains("keeps 4096, and closing small regions may take " + pieces / 2 + "; close"),
        String.valueOf(refusal(copy()).getMessage()));
    count.addPieces(-pieces);
    copy().add("mmap", 4096, "it", 2);
  }

  /** Whatever two copies were granted before, together they stay out of most of the reserve. */
  @Test
  void copiesInTwoBundlesKeepOneAccount() throws Exception {
    MappingCount one = copy();
    MappingCount two = copy();
    int used = 1000;
    int added = 0;
    boolean refused = false;
    while (!refused) {
      try {
        (added % 3 == 0 ? one : two).add("mmap", 4096, "it", 1);
        added++;
        used++;
        if (used % 100 == 0) { // the file lags behind by less than the reserve
          mappings(used);
        }
      } catch (MemoryException e) {
        refused = true;
      }
    }
    assertTrue(used <= FREE + 1024, used + " mappings when it was refused");
    assertTrue(used >= FREE - 512, used + " mappings when it was refused");
  }

  /** What others add is seen before the reserve is gone. */
  @Test
  void whatOthersAddCounts() throws Exception {
    MappingCount count = copy();
    int others = 30_000;
    int ours = 0;
    try {
      while (ours < LIMIT) {
        mappings(1000 + ours + others);
        for (int i = 0; i < 500; i++) {
          count.add("mmap", 4096, "it", 1);
          ours++;
        }
        others += 500;
      }
    } catch (MemoryException e) {
      assertTrue(1000 + ours + others < LIMIT, ours + " of ours and " + others + " of others");
      return;
    }
    throw new AssertionError("never refused");
  }

  @Test
  void goesOnWhenMappingsWereClosed() throws Exception {
    mappings(FREE);
    MappingCount count = copy();
    refusal(count);
    mappings(FREE / 2);
    count.add("mmap", 4096, "it", 2);
  }

  @Test
  void isUnlimitedWhereTheKernelDoesNotTell() throws Exception {
    MappingCount blind = new MappingCount(new KernelFiles(root.resolve("nowhere")), property);
    for (int i = 0; i < 10_000; i++) {
      blind.add("mmap", 4096, "it", 2);
    }
  }

  @Test
  void aSmallLimitKeepsASmallReserve() throws Exception {
    Files.writeString(root.resolve("proc/sys/vm/max_map_count"), "2000\n");
    mappings(1750);
    assertTrue(refusal(copy()).getMessage().contains("keeps 250"));
  }
}
