/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RequirementsTest {
  @Test
  void aPlainRequestNeedsNothing() {
    assertEquals(Set.of(), Requirements.of(RegionRequest.ofSize(1)));
    assertEquals(
        Set.of(), Requirements.of(RegionRequest.ofSize(1).withPattern(AccessPattern.NORMAL)));
    assertEquals(Set.of(Capability.NAMED), Requirements.of(OpenRequest.of("orders")));
  }

  @Test
  void everythingThatIsAskedForIsNeededInTheOrderOfARefusal() {
    RegionRequest all =
        RegionRequest.ofSize(1)
            .withName("orders")
            .withSharing(Sharing.SHARED)
            .withPattern(AccessPattern.RANDOM)
            .withPageSize(PageSize.HUGE)
            .prefaulted()
            .withDurability(Durability.SYNC)
            .withDirectory(Path.of("x"))
            .withReservation(Reservation.SPARSE)
            .withPolicies(Set.of(SwapPolicy.NEVER))
            .requiring(Set.of(Capability.RESIZE));
    assertEquals(
        List.of(
            Capability.NAMED,
            Capability.SHARED_MAPPING,
            Capability.ADVICE,
            Capability.HUGE_PAGES,
            Capability.PREFAULT,
            Capability.SYNC,
            Capability.DIRECTORY,
            Capability.SPARSE,
            Capability.SWAP_POLICY,
            Capability.LOCKED,
            Capability.RESIZE),
        List.copyOf(Requirements.of(all)));
  }

  @Test
  void theFirstThatIsMissingIsNamed() {
    Set<Capability> needed =
        Requirements.of(
            OpenRequest.of("orders").withSharing(Sharing.PRIVATE).readOnly().lockedInRam());
    Set<Capability> there = EnumSet.of(Capability.NAMED, Capability.PRIVATE_MAPPING);
    assertEquals(Optional.of(Capability.LOCKED), Requirements.missing(needed, there));
    there.add(Capability.LOCKED);
    assertEquals(Optional.of(Capability.READ_ONLY), Requirements.missing(needed, there));
    there.add(Capability.READ_ONLY);
    assertEquals(Optional.empty(), Requirements.missing(needed, there));
  }
}
