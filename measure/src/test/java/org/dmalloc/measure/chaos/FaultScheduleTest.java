/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.dmalloc.measure.chaos.FaultSchedule.Planned;
import org.junit.jupiter.api.Test;

class FaultScheduleTest {
  private static final int MANY = 500;

  private static List<Planned> first(long seed, Set<Fault> faults) {
    FaultSchedule schedule = new FaultSchedule(seed, faults, 4);
    List<Planned> all = new ArrayList<>();
    for (int each = 0; each < MANY; each++) {
      all.add(schedule.next().orElseThrow());
    }
    return all;
  }

  @Test
  void aSeedDecidesAll() {
    Set<Fault> all = EnumSet.allOf(Fault.class);
    assertEquals(first(1, all), first(1, all));
    assertNotEquals(first(1, all), first(2, all));
  }

  @Test
  void allThatAreDoneByTheConductorComeToAllWorkers() {
    List<Planned> planned = first(3, EnumSet.allOf(Fault.class));
    assertEquals(
        EnumSet.of(Fault.KILL, Fault.STOP, Fault.DISK, Fault.DESCRIPTORS, Fault.FILESIZE),
        planned.stream()
            .map(Planned::fault)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(Fault.class))));
    assertEquals(
        Set.of(0, 1, 2, 3), planned.stream().map(Planned::worker).collect(Collectors.toSet()));
    for (int each = 1; each < MANY; each++) {
      assertTrue(planned.get(each).atMillis() > planned.get(each - 1).atMillis());
    }
  }

  @Test
  void noFaultsAreNone() {
    assertTrue(new FaultSchedule(1, Set.of(), 1).next().isEmpty());
    assertTrue(new FaultSchedule(1, Set.of(Fault.BUNDLES), 1).next().isEmpty());
  }
}
