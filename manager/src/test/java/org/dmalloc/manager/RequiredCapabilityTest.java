/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Capability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;

/** What a request requires holds wherever its region is moved, and what is missing is told. */
final class RequiredCapabilityTest {
  private static final RegionRequest RESIZABLE =
      RegionRequest.ofSize(Rig.SIZE).requiring(Set.of(Capability.RESIZE));

  private final Rig rig = new Rig();
  private final InMemoryStore disk = new InMemoryStore("/disk");

  /** Declares RESIZE. */
  private final InMemoryProvider files = InMemoryProvider.files("files", disk);

  /** Does not. */
  private final InMemoryProvider swapped = Rig.swapped("swapped");

  RequiredCapabilityTest() {
    rig.add(files, 10);
    rig.add(swapped, 5);
  }

  @Test
  void aMoveToWhereItIsMissingIsRefusedByItsName() throws Exception {
    ManagedRegion region = rig.allocate(RESIZABLE);
    Rig.fill(region, 1);
    UnsupportedCapabilityException refused =
        assertThrows(UnsupportedCapabilityException.class, () -> rig.move(region, "swapped"));
    assertEquals(Capability.RESIZE, refused.capability());
    assertEquals("swapped", refused.backend());
    assertEquals(
        String.format(
            Locale.ROOT,
            "move of region %d to swapped: backend swapped lacks RESIZE, which its request requires"
                + " for the region's whole life; no other backend here can hold it",
            region.id()),
        refused.getMessage());
    assertEquals("files", region.managedInfo().backend());
    assertEquals(Set.of(Capability.RESIZE), region.info().required());
    region.resize(4096);
    region.close();
  }

  @Test
  void theBackendThatHasItIsChosen() throws Exception {
    ManagedRegion region =
        rig.allocate(RegionRequest.ofSize(4096).requiring(Set.of(Capability.SWAP_POLICY)));
    assertEquals("swapped", region.managedInfo().backend());
    assertTrue(region.info().capabilities().contains(Capability.SWAP_POLICY));
    assertFalse(region.info().capabilities().contains(Capability.RESIZE));
    region.apply(SwapPolicy.NO_READ_AHEAD);
    region.close();
  }

  @Test
  void whatNoSingleBackendHasIsRefusedWithWhatEachLacks() {
    RegionRequest both =
        RESIZABLE.requiring(Set.of(Capability.RESIZE, Capability.SWAP_POLICY)).withName("both");
    UnsupportedCapabilityException refused =
        assertThrows(UnsupportedCapabilityException.class, () -> rig.allocate(both));
    assertEquals(
        "allocate 'both': no backend here has all that is asked: files lacks SWAP_POLICY, swapped"
            + " lacks NAMED; ask for less",
        refused.getMessage());
  }

  @Test
  void anOpenedRegionKeepsWhatItRequiresToo() throws Exception {
    rig.allocate(RESIZABLE.withName("orders")).close();
    ManagedRegion region =
        (ManagedRegion)
            rig.provider.open(OpenRequest.of("orders").requiring(Set.of(Capability.FORCE)));
    assertEquals(Set.of(Capability.FORCE), region.info().required());
    region.close();
  }

  /**
   * Losing it in silence would be worse than standing still: it waits for a backend that has it.
   */
  @Test
  void evacuationStrandsRatherThanLosesIt() throws Exception {
    ManagedRegion region = rig.allocate(RESIZABLE);
    Rig.fill(region, 2);
    rig.regions.leaving(files);
    String why = String.valueOf(region.stranded());
    assertTrue(why.contains("swapped lacks RESIZE"), why);
    assertEquals(Set.of(), region.info().capabilities());
    Rig.check(region, 2);
    rig.add(InMemoryProvider.memory("memory"), 1);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    assertNull(region.stranded());
    assertEquals("memory", region.managedInfo().backend());
    region.resize(4096);
    region.close();
  }

  @Test
  void noPolicyMovesItToWhereItIsMissing() throws Exception {
    rig.regions.settings(Settings.of(Map.of("policy", "follow")));
    ManagedRegion region = rig.allocate(RESIZABLE);
    rig.add(Rig.swapped("best"), 100);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    assertEquals("files", region.managedInfo().backend());
    region.close();
  }

  /** The user did choose a provider with RESIZE: this one. What helps is to move the region. */
  @Test
  void whatItCannotDoWhereItLiesIsToldWithTheWayOut() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE));
    rig.move(region, "swapped");
    assertTrue(rig.provider.capabilities().contains(Capability.RESIZE));
    assertFalse(region.info().capabilities().contains(Capability.RESIZE));
    UnsupportedCapabilityException missing =
        assertThrows(UnsupportedCapabilityException.class, () -> region.resize(4096));
    assertTrue(missing.explained());
    assertEquals(
        String.format(
            Locale.ROOT,
            "region %d lies on backend swapped, which lacks RESIZE; move it to one that has it:"
                + " hotswap %d files",
            region.id(),
            region.id()),
        missing.getMessage());
    rig.move(region, "files");
    region.resize(4096);
    UnsupportedCapabilityException policy =
        assertThrows(
            UnsupportedCapabilityException.class, () -> region.apply(SwapPolicy.NO_READ_AHEAD));
    String message = String.valueOf(policy.getMessage());
    assertTrue(message.endsWith("hotswap " + region.id() + " swapped"), message);
    rig.regions.stop();
    assertTrue(
        String.valueOf(
                assertThrows(
                        UnsupportedCapabilityException.class,
                        () -> region.apply(SwapPolicy.NO_READ_AHEAD))
                    .getMessage())
            .endsWith("no backend here that could hold it has it"));
    region.close();
  }
}
