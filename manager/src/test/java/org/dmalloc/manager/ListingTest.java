/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;

/** What is listed, by what number: the user's region, once, whatever is below it. */
final class ListingTest {
  private final Rig rig = new Rig();
  private final InMemoryProvider memory = InMemoryProvider.memory("memory");
  private final InMemoryProvider files =
      InMemoryProvider.files("files", new InMemoryStore("/disk"));

  ListingTest() {
    rig.add(memory, 9);
    rig.add(files, 5);
  }

  @Test
  void neitherTheBackendsRegionNorTheTargetOfAMoveIsListedAtAnyStep() throws Exception {
    ManagedRegion region = rig.filled(1);
    List<Step> steps = new ArrayList<>();
    rig.probe =
        (which, step) -> {
          steps.add(step);
          assertEquals(List.of(), memory.regions(), step.name());
          assertEquals(List.of(), files.regions(), step.name());
          assertEquals(List.of(region), rig.provider.regions(), step.name());
          assertEquals(Set.of(), region.managedInfo().carried(), step.name());
        };
    rig.move(region, "files");
    assertTrue(steps.contains(Step.ALLOCATED) && steps.contains(Step.EXCHANGED), steps.toString());
    region.close();
  }

  @Test
  void messagesOfTheBackendsRegionHaveTheUsersNumber() throws Exception {
    ManagedRegion region = rig.filled(1);
    assertEquals(region.id(), region.placement().region().id());
    rig.move(region, "files");
    assertEquals(region.id(), region.placement().region().id());
    region.close();
    ManagedRegion named = rig.allocate(RegionRequest.ofSize(4096).withName("orders"));
    assertEquals(named.id(), named.placement().region().id());
    named.close();
    MemoryRegion opened = rig.provider.open(OpenRequest.of("orders"));
    assertEquals(opened.id(), ((ManagedRegion) opened).placement().region().id());
    opened.close();
  }

  /** A backend that numbers as it likes is told of by the mover, source and target both. */
  @Test
  void theNumbersOfABackendThatGivesItsOwnAreTold() throws Exception {
    Rig own = new Rig();
    own.add(new OwnNumbers(InMemoryProvider.memory("own")), 9);
    own.add(files, 1);
    ManagedRegion region = own.filled(1);
    long inner = region.placement().region().id();
    assertFalse(inner == region.id());
    assertEquals(Set.of(inner), region.managedInfo().carried());
    own.move(region, "files");
    assertEquals(Set.of(), region.managedInfo().carried());
    List<Long> listed = new ArrayList<>();
    own.probe =
        (which, step) -> {
          for (MemoryRegion each : own.regions.backend("own").orElseThrow().provider().regions()) {
            listed.add(each.id());
            assertTrue(region.managedInfo().carried().contains(each.id()), step.name());
          }
        };
    own.move(region, "own");
    assertFalse(listed.isEmpty());
    region.close();
  }

  /** Whoever has a region of a manager that has stopped goes on, is listed, and closes it. */
  @Test
  void regionsOfAStoppedManagerAreListedAsOrphaned() throws Exception {
    ManagedRegion region = rig.filled(5);
    rig.regions.stop();
    memory.stop();
    assertEquals(List.of(region), orphaned(region));
    Rig.check(region, 5);
    Rig.fill(region, 6);
    Rig.check(region, 6);
    region.close();
    assertEquals(List.of(), orphaned(region));
  }

  private static List<MemoryRegion> orphaned(ManagedRegion region) {
    return OrphanedRegions.list().stream()
        .map(OrphanedRegions.Orphan::region)
        .filter(each -> each.id() == region.id())
        .toList();
  }

  /** Knows nothing of carriers. */
  private static final class OwnNumbers extends ForwardingBackend {
    OwnNumbers(InMemoryProvider backend) {
      super(backend);
    }
  }
}
