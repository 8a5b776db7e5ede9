/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.junit.jupiter.api.Test;

/** Quotas of all regions and of owners: booked whole or not at all. */
class BookingsTest {
  private static final long NONE = Long.MAX_VALUE;

  private static Bookings bookings(RegionQuotas quotas) {
    return new Bookings("anon", quotas);
  }

  private static void assertRefused(String message, Bookings bookings, long bytes, String owner) {
    long before = bookings.bytes();
    List<ResourceUse> uses = bookings.uses();
    MemoryException refused =
        assertThrows(MemoryException.class, () -> bookings.book("allocate", bytes, 1, "r", owner));
    assertEquals("allocate " + bytes + " bytes of r: " + message, refused.getMessage());
    assertEquals(before, bookings.bytes());
    assertEquals(uses, bookings.uses());
  }

  @Test
  void theNumberOfRegionsIsLimited() throws Exception {
    Bookings two = bookings(new RegionQuotas(NONE, 2, NONE, NONE, Map.of()));
    two.book("allocate", 10, 1, "", null);
    two.book("allocate", 10, 1, "", null);
    assertRefused(
        "limit of backend anon reached: 2 of 2 regions are in use; free regions or raise"
            + " limit.regions in its configuration",
        two,
        1,
        null);
    two.book("resize", 100, 0, "", null); // growth is no region
    two.release(110, 1, null);
    two.book("allocate", 1, 1, "", null);
    assertEquals(11, two.bytes());
  }

  @Test
  void eachOwnerHasAShare() throws Exception {
    Bookings shares = bookings(new RegionQuotas(1000, NONE, 100, 2, Map.of("big", 500L)));
    shares.book("allocate", 100, 1, "", "small");
    assertRefused(
        "limit of owner small reached: 100 of 100 bytes are in use; free regions or raise"
            + " owner.limit.bytes in its configuration",
        shares,
        1,
        "small");
    shares.book("allocate", 100, 1, "", null);
    assertRefused(
        "limit of regions without an owner reached: 100 of 100 bytes are in use; free regions or"
            + " raise owner.limit.bytes in its configuration",
        shares,
        1,
        null);
    shares.book("allocate", 400, 1, "", "big");
    assertRefused(
        "limit of owner big reached: 400 of 500 bytes are in use; free regions or raise"
            + " owner.limits in its configuration",
        shares,
        101,
        "big");
    shares.book("allocate", 1, 1, "", "big");
    assertRefused(
        "limit of owner big reached: 2 of 2 regions are in use; free regions or raise"
            + " owner.limit.regions in its configuration",
        shares,
        1,
        "big");
    assertRefused(
        "limit of backend anon reached: 601 of 1000 bytes are in use; free regions or raise"
            + " limit.bytes in its configuration",
        shares,
        400,
        "another");
  }

  @Test
  void aShareIsGivenBack() throws Exception {
    Bookings shares = bookings(new RegionQuotas(NONE, NONE, 100, NONE, Map.of()));
    shares.book("allocate", 60, 1, "", "a");
    shares.book("resize", 40, 0, "", "a");
    assertEquals(
        List.of(
            new ResourceUse(ResourceKind.OWNER_BYTES, "anon", "a", 100, 100, "owner.limit.bytes")),
        shares.uses());
    shares.release(100, 1, "a");
    assertEquals(List.of(), shares.uses());
    shares.book("allocate", 100, 1, "", "a");
  }

  @Test
  void withoutQuotasThereIsNothingToTell() throws Exception {
    Bookings unlimited = bookings(RegionQuotas.NONE);
    unlimited.book("allocate", 60, 1, "", "a");
    assertEquals(List.of(), unlimited.uses());
  }

  @Test
  void quotasAreReadFromTheConfiguration() {
    ConfigurationReader reader =
        new ConfigurationReader(
            "pid",
            Map.of(
                "limit.bytes", "1g",
                "limit.regions", 7,
                "owner.limit.bytes", "64m",
                "owner.limit.regions", "3",
                "owner.limits", "cache=512m, a=b=1k"));
    assertEquals(
        new RegionQuotas(1 << 30, 7, 64 << 20, 3, Map.of("cache", 512L << 20, "a=b", 1024L)),
        RegionQuotas.of(reader));
    for (String bad : new String[] {"0", "-1", "1m", "many"}) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  RegionQuotas.of(
                      new ConfigurationReader("pid", Map.of("owner.limit.regions", bad))));
      assertEquals(
          "pid: owner.limit.regions="
              + bad
              + "; give a number, at least 1, or leave it out for no limit",
          refused.getMessage());
    }
  }
}
