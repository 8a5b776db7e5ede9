/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RegionOptionsTest {
  private static final ProgressListener LISTENER = (done, total) -> {};

  /** What each method is given, by the component that it changes. */
  private static final Map<String, Object> CHANGES =
      Map.ofEntries(
          Map.entry("sharing", Sharing.PRIVATE),
          Map.entry("access", AccessMode.READ_ONLY),
          Map.entry("pattern", AccessPattern.RANDOM),
          Map.entry("pageSize", PageSize.HUGE),
          Map.entry("prefault", true),
          Map.entry("locked", true),
          Map.entry("durability", Durability.SYNC),
          Map.entry("reservation", Reservation.SPARSE),
          Map.entry("policies", Set.of(SwapPolicy.NEVER)),
          Map.entry("residentBudget", 4096L),
          Map.entry("maximum", 8192L),
          Map.entry("autogrowth", Autogrowth.upTo(4096)),
          Map.entry("nameDurability", NameDurability.ON_FORCE),
          Map.entry("processShared", true),
          Map.entry("wipe", true),
          Map.entry("checkedSections", true),
          Map.entry("required", Set.of(Capability.FORCE)),
          Map.entry("directory", Path.of("x")),
          Map.entry("owner", "me"),
          Map.entry("progress", LISTENER));

  @Test
  void everyAttributeIsRefinedAloneAndReadThroughWhateverHasOptions() throws Exception {
    for (RecordComponent component : RegionOptions.class.getRecordComponents()) {
      String name = component.getName();
      Object value = CHANGES.get(name);
      Method with =
          RegionAttributes.Refinable.class.getMethod(
              name.equals("required") ? "requiring" : "with" + capital(name), component.getType());
      RegionOptions changed = (RegionOptions) with.invoke(RegionOptions.DEFAULT, value);
      Map<String, Object> expected = components(RegionOptions.DEFAULT);
      assertNotEquals(expected.put(name, value), value, name);
      assertEquals(expected, components(changed), name);
      if (!name.equals("access")) {
        RegionRequest request = RegionRequest.ofSize(5).withName("orders").with(changed);
        assertEquals(
            value, RegionAttributes.class.getMethod(name).invoke(request), "of a request: " + name);
      }
    }
  }

  private static String capital(String name) {
    return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
  }

  @Test
  void requestsKeepWhatIsNotChanged() {
    RegionRequest request = RegionRequest.ofSize(1).withName("orders").prefaulted().lockedInRam();
    assertEquals(new RegionRequest(2, "orders", request.options()), request.withByteSize(2));
    assertEquals(new RegionRequest(1, null, request.options()), request.withName(null));
    assertTrue(request.prefault() && request.locked());
    assertEquals(
        AccessMode.READ_ONLY, OpenRequest.of("orders").withOwner("me").readOnly().access());
  }

  @Test
  void whatDoesNotSuitTheRequestIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> RegionRequest.ofSize(1).withAccess(AccessMode.READ_ONLY));
    OpenRequest open = OpenRequest.of("orders");
    assertThrows(IllegalArgumentException.class, () -> open.withReservation(Reservation.SPARSE));
    assertThrows(IllegalArgumentException.class, () -> open.withPolicies(Set.of(SwapPolicy.EARLY)));
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
  void noSizeIsAboveTheMaximum() {
    IllegalArgumentException size =
        assertThrows(
            IllegalArgumentException.class, () -> RegionRequest.ofSize(4097).withMaximum(4096));
    assertTrue(size.getMessage().contains("4097") && size.getMessage().contains("4096"));
    assertThrows(
        IllegalArgumentException.class,
        () -> RegionRequest.ofSize(1).withMaximum(4096).withAutogrowth(Autogrowth.upTo(4097)));
    assertThrows(IllegalArgumentException.class, () -> RegionRequest.ofSize(1).withMaximum(-1));
    assertThrows(IllegalArgumentException.class, () -> Autogrowth.upTo(-1));
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

  private static Map<String, Object> components(Record record) throws ReflectiveOperationException {
    Map<String, Object> values = new HashMap<>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      values.put(component.getName(), component.getAccessor().invoke(record));
    }
    return values;
  }
}
