/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.dmalloc.measure.machine.MachineLoad;
import org.dmalloc.measure.machine.SwapDevice;
import org.junit.jupiter.api.Test;

/** What no verdict may be given over. */
class ObstaclesTest {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;

  private static SwapDevice area(String path, long usedBytes, int priority) {
    return new SwapDevice(path, SwapDevice.Kind.FILE, GIB, usedBytes, priority);
  }

  @Test
  void dataThatFitsIntoTheLimitNeedsNeitherFileNorSwap() {
    List<String> found = Obstacles.size(64 * MIB, 512 * MIB, 400 * MIB, 24 * GIB);
    assertTrue(found.getFirst().contains("fitted into the limit (512 MiB"), found::toString);
    assertTrue(found.getFirst().contains("give --size 2048m or more"), found::toString);
    assertEquals(List.of(), Obstacles.size(2 * GIB, 512 * MIB, 400 * MIB, 24 * GIB));
    assertEquals(
        1, Obstacles.size(2 * GIB, 900 * GIB, 900 * GIB, 24 * GIB).size(), "a limit above RAM");
  }

  @Test
  void withoutALimitOnlyDataBeyondTheMachinesMemoryTellsAnything() {
    assertTrue(
        Obstacles.size(2 * GIB, 0, 0, 24 * GIB).getFirst().contains("give --size above 24.0 GiB"));
    assertEquals(List.of(), Obstacles.size(48 * GIB, 0, 0, 24 * GIB));
  }

  @Test
  void anotherSwapAreaTakesWhatIsMeasured() {
    Set<String> own = Set.of("/own");
    SwapDevice ours = area("/own", 0, 32_767);
    SwapDevice idle = area("/other", 100 * MIB, -2);
    assertEquals(List.of(), Obstacles.swap(own, List.of(ours), List.of(ours)));
    assertEquals(
        List.of(), Obstacles.swap(own, List.of(ours, idle), List.of(ours, idle)), "it slept");
    List<String> grown =
        Obstacles.swap(own, List.of(ours, idle), List.of(ours, area("/other", 200 * MIB, -2)));
    assertTrue(grown.getFirst().contains("(/other)"), grown::toString);
    assertTrue(grown.getFirst().contains("swapoff"), grown::toString);
    assertEquals(1, Obstacles.swap(own, List.of(ours), List.of(ours, idle)).size(), "it came");
    SwapDevice equal = area("/equal", 0, 32_767);
    assertEquals(
        1, Obstacles.swap(own, List.of(ours, equal), List.of(ours, equal)).size(), "in turns");
    // Without an area of its own, swap is what the machine has: that it is used is the point.
    assertEquals(
        List.of(), Obstacles.swap(Set.of(), List.of(idle), List.of(area("/other", 900 * MIB, -2))));
    assertEquals(
        1,
        Obstacles.swap(Set.of("/own", "/dev/zram0"), List.of(ours), List.of(ours)).size(),
        "nobody tells which page went where");
  }

  @Test
  void aBusyMachineTellsNothing() {
    MachineLoad start = new MachineLoad(1_000, 0, 10_000, 500, 0.5);
    // 10,000 ticks of all processors: 4,500 of our own user time and a few of others'.
    MachineLoad quiet = new MachineLoad(6_000, 10, 20_000, 5_000, 3);
    assertEquals(List.of(), Obstacles.load(start, quiet, 2));
    MachineLoad busy = new MachineLoad(10_500, 10, 20_000, 5_000, 3);
    assertTrue(Obstacles.load(start, busy, 2).getFirst().contains("50 % of the processors"));
    MachineLoad loaded = new MachineLoad(6_000, 10, 20_000, 5_000, 60);
    assertTrue(Obstacles.load(start, loaded, 2).getFirst().contains("load 60"));
    MachineLoad stolen = new MachineLoad(6_000, 3_000, 20_000, 5_000, 3);
    assertTrue(Obstacles.load(start, stolen, 2).getFirst().contains("30 % of the processors"));
  }
}
