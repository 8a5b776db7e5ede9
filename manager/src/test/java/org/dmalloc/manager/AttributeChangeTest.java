/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;

/** Policies, budgets and patterns change as a whole or not at all, and moves keep them. */
final class AttributeChangeTest {
  private final Rig rig = new Rig();

  /** Keeps no budget, as anonymous memory does not where there is no swap. */
  private final InMemoryProvider first = Rig.swapped("first");

  private final InMemoryProvider second = Rig.swapped("second");
  private final InMemoryProvider budgets =
      InMemoryProvider.files("budgets", new InMemoryStore("/disk"));

  AttributeChangeTest() {
    rig.add(first, 9);
    rig.add(second, 5);
    rig.add(budgets, 1);
  }

  /** A region with a budget, on a backend that cannot keep one. */
  private ManagedRegion budgeted() throws Exception {
    ManagedRegion region =
        rig.allocate(
            RegionRequest.ofSize(Rig.SIZE)
                .withResidentBudget(8192)
                .requiring(Set.of(Capability.PRIVATE_MAPPING)));
    assertEquals("budgets", region.managedInfo().backend());
    rig.move(region, "first");
    assertEquals(RegionRequest.NO_BUDGET, region.info().residentBudget());
    return region;
  }

  @Test
  void neverIsRefusedBesideABudgetBeforeAnythingIsLocked() throws Exception {
    ManagedRegion region = budgeted();
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> region.apply(SwapPolicy.NEVER));
    assertTrue(String.valueOf(refused.getMessage()).contains("8192 bytes"), refused.getMessage());
    assertEquals(List.of(), first.faults().calls("advise", "apply"), "the kernel was not asked");
    assertEquals(Set.of(), region.info().policies());
    assertFalse(region.info().locked());
    rig.move(region, "budgets");
    assertEquals(8192, region.info().residentBudget());
    region.close();
  }

  @Test
  void aBudgetIsLiftedWhereNoneIsKept() throws Exception {
    ManagedRegion region = budgeted();
    region.limitResident(RegionRequest.NO_BUDGET);
    region.apply(SwapPolicy.NEVER);
    assertTrue(region.info().locked());
    rig.move(region, "second");
    assertTrue(region.info().locked());
    region.close();
  }

  @Test
  void neverIsTakenOnceTheBudgetIsLiftedAndHoldsAfterTheNextMove() throws Exception {
    ManagedRegion region = budgeted();
    rig.move(region, "budgets");
    region.limitResident(RegionRequest.NO_BUDGET);
    rig.move(region, "first");
    region.apply(SwapPolicy.NEVER);
    rig.move(region, "second");
    assertEquals(Set.of(SwapPolicy.NEVER), region.info().policies());
    assertTrue(region.info().locked());
    UnsupportedCapabilityException refused =
        assertThrows(UnsupportedCapabilityException.class, () -> rig.move(region, "budgets"));
    assertTrue(
        Set.of(Capability.SWAP_POLICY, Capability.LOCKED).contains(refused.capability()),
        refused.getMessage());
    region.close();
  }

  @Test
  void whatTheKernelRefusesIsNotKept() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE));
    first.faults().fail("EPERM", "allocate", "open", "apply");
    assertThrows(MemoryException.class, () -> region.apply(SwapPolicy.NEVER));
    first.faults().clear();
    rig.move(region, "budgets"); // would be refused if NEVER had been kept
    rig.move(region, "second");
    assertEquals(Set.of(), region.info().policies());
    assertEquals(List.of(), second.faults().calls("advise", "apply"));
    region.close();
  }

  /** The target was made before they were asked for. */
  @Test
  void whatIsAskedForDuringAMoveHoldsOnTheTarget() throws Exception {
    ManagedRegion region = rig.filled(3);
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED) {
            which.apply(SwapPolicy.NO_READ_AHEAD);
            which.advise(Advice.SEQUENTIAL);
          }
        };
    rig.move(region, "second");
    assertEquals(
        List.of("advise SEQUENTIAL", "apply NO_READ_AHEAD"),
        second.faults().calls("advise", "apply"));
    assertEquals(Set.of(SwapPolicy.NO_READ_AHEAD), region.info().policies());
    assertEquals(AccessPattern.SEQUENTIAL, region.info().pattern());
    Rig.check(region, 3);
    region.close();
  }

  @Test
  void aLockAskedForDuringAMoveToWhereThereIsNoneEndsTheMove() throws Exception {
    ManagedRegion region = rig.filled(4);
    AtomicReference<Step> last = new AtomicReference<>();
    rig.probe =
        (which, step) -> {
          last.set(step);
          if (step == Step.COPIED) {
            which.apply(SwapPolicy.NEVER);
          }
        };
    UnsupportedCapabilityException refused =
        assertThrows(UnsupportedCapabilityException.class, () -> rig.move(region, "budgets"));
    assertTrue(refused.getMessage().contains("stays where it was"), refused.getMessage());
    assertEquals(Step.SHUT, last.get());
    assertEquals("first", region.managedInfo().backend());
    assertEquals(0, budgets.openRegions());
    assertTrue(region.info().locked());
    Rig.check(region, 4);
    region.close();
  }

  @Test
  void aRequestedLockExcludesABudgetBeforeTheBackendIsAsked() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).lockedInRam());
    assertEquals("first", region.managedInfo().backend());
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> region.apply(SwapPolicy.EARLY));
    assertTrue(refused.getMessage().contains("locked in RAM"), refused.getMessage());
    assertEquals(List.of(), first.faults().calls("advise", "apply"));
    region.close();
  }
}
