/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RequestTest {
  private static final ProgressListener LISTENER = (done, total) -> {};

  @Test
  void everyWithMethodOfARegionRequestChangesItsComponentAlone() throws Exception {
    RegionRequest base = RegionRequest.ofSize(1);
    check(base, base.withByteSize(2), "byteSize", 2L);
    check(base, base.withName("orders"), "name", "orders");
    check(base, base.withSharing(Sharing.PRIVATE), "sharing", Sharing.PRIVATE);
    check(base, base.withPattern(AccessPattern.RANDOM), "pattern", AccessPattern.RANDOM);
    check(base, base.withPageSize(PageSize.HUGE), "pageSize", PageSize.HUGE);
    check(base, base.prefaulted(), "prefault", true);
    check(base, base.lockedInRam(), "locked", true);
    check(base, base.withDurability(Durability.SYNC), "durability", Durability.SYNC);
    check(base, base.withReservation(Reservation.SPARSE), "reservation", Reservation.SPARSE);
    check(base, base.withPolicies(Set.of(SwapPolicy.NEVER)), "policies", Set.of(SwapPolicy.NEVER));
    check(base, base.withDirectory(Path.of("x")), "directory", Path.of("x"));
    check(base, base.withOwner("me"), "owner", "me");
    check(base, base.withProgress(LISTENER), "progress", LISTENER);
  }

  @Test
  void everyWithMethodOfAnOpenRequestChangesItsComponentAlone() throws Exception {
    OpenRequest base = OpenRequest.of("orders");
    check(base, base.readOnly(), "access", AccessMode.READ_ONLY);
    check(base, base.withSharing(Sharing.PRIVATE), "sharing", Sharing.PRIVATE);
    check(base, base.withPattern(AccessPattern.RANDOM), "pattern", AccessPattern.RANDOM);
    check(base, base.withPageSize(PageSize.HUGE), "pageSize", PageSize.HUGE);
    check(base, base.prefaulted(), "prefault", true);
    check(base, base.lockedInRam(), "locked", true);
    check(base, base.withDurability(Durability.SYNC), "durability", Durability.SYNC);
    check(base, base.withDirectory(Path.of("x")), "directory", Path.of("x"));
    check(base, base.withOwner("me"), "owner", "me");
    check(base, base.withProgress(LISTENER), "progress", LISTENER);
  }

  @Test
  void nonsenseIsRefusedWithTheValue() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> RegionRequest.ofSize(-5));
    assertTrue(e.getMessage().contains("-5"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> RegionRequest.ofSize(1).withName("7"));
    assertThrows(IllegalArgumentException.class, () -> OpenRequest.of(""));
    assertThrows(
        IllegalArgumentException.class,
        () -> RegionRequest.ofSize(1).withPolicies(Set.of(SwapPolicy.NEVER, SwapPolicy.EARLY)));
  }

  @Test
  void conflictsBetweenPoliciesAreMutualAmongLastingOnes() {
    for (SwapPolicy a : SwapPolicy.values()) {
      for (SwapPolicy b : SwapPolicy.values()) {
        if (!a.actsOnce() && !b.actsOnce()) {
          assertEquals(a.conflictsWith(b), b.conflictsWith(a), a + " and " + b);
        }
      }
    }
  }

  /** The copy has the value, and all its other components are the base's. */
  private static void check(Record base, Record changed, String component, Object value)
      throws ReflectiveOperationException {
    Map<String, Object> expected = components(base);
    expected.put(component, value);
    assertEquals(expected, components(changed));
  }

  private static Map<String, Object> components(Record record) throws ReflectiveOperationException {
    Map<String, Object> values = new HashMap<>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      values.put(component.getName(), component.getAccessor().invoke(record));
    }
    return values;
  }
}
