/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.Test;

/** What is known of a region by its name: its length, and what becomes of the name. */
public abstract class NamesContract extends ContractTheme {
  private static final String NAME = "orders";

  private StoredRegion stored(String name) throws Exception {
    return provider().stored().stream()
        .filter(region -> region.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aLengthLiesInsideTheRegion() throws Exception {
    try (MemoryRegion region = allocate(3 * PAGE)) {
      assertEquals(3 * PAGE, region.length());
      for (long length : new long[] {0, 1, 3 * PAGE, 17}) {
        region.setLength(length);
        assertEquals(length, region.length());
        assertEquals(length, region.info().length());
      }
      for (long length : new long[] {-1, 3 * PAGE + 1, Long.MAX_VALUE, Long.MIN_VALUE}) {
        assertThrowsOneLine(IllegalArgumentException.class, () -> region.setLength(length));
      }
      assertEquals(17, region.length());
      assertEquals(3 * PAGE, region.byteSize());
    }
  }

  @Test
  void aClosedRegionTakesNoLength() throws Exception {
    MemoryRegion region = allocate(PAGE);
    region.setLength(5);
    region.close();
    assertThrows(IllegalStateException.class, () -> region.setLength(6));
    assertEquals(5, region.length());
  }

  @Test
  void aLengthIsKeptWithTheRegion() throws Exception {
    assumeDeclared(Capability.NAMED);
    try (MemoryRegion region = allocate(NAME, 3 * PAGE)) {
      assertEquals(3 * PAGE, stored(NAME).length());
      region.setLength(PAGE + 1);
      assertEquals(PAGE + 1, stored(NAME).length());
      Pattern.write(region, 41);
    }
    assertEquals(PAGE + 1, stored(NAME).length());
    assertEquals(3 * PAGE, stored(NAME).byteSize());
    try (MemoryRegion region = provider().open(NAME)) {
      assertEquals(PAGE + 1, region.length());
      Pattern.check(region, 41);
      region.setLength(0);
      if (declares(Capability.FORCE)) {
        region.force();
      }
    }
    try (MemoryRegion region = provider().open(OpenRequest.of(NAME))) {
      assertEquals(0, region.length());
      region.setLength(3 * PAGE);
    }
    assertEquals(3 * PAGE, stored(NAME).length());
  }

  @Test
  void onlyAWriterSetsTheLength() throws Exception {
    assumeDeclared(Capability.NAMED);
    try (MemoryRegion region = allocate(NAME, PAGE)) {
      region.setLength(100);
    }
    if (declares(Capability.READ_ONLY)) {
      try (MemoryRegion region = provider().open(OpenRequest.of(NAME).readOnly())) {
        assertThrowsOneLine(IllegalStateException.class, () -> region.setLength(1));
        assertEquals(100, region.length());
      }
    }
    if (declares(Capability.PRIVATE_MAPPING)) {
      OpenRequest request = OpenRequest.of(NAME).withSharing(Sharing.PRIVATE);
      try (MemoryRegion region = provider().open(request)) {
        assertThrowsOneLine(IllegalStateException.class, () -> region.setLength(1));
        assertEquals(100, region.length());
      }
    }
    assertEquals(100, stored(NAME).length());
  }

  @Test
  void aSmallerSizeCutsTheLength() throws Exception {
    assumeDeclared(Capability.NAMED, Capability.RESIZE);
    try (MemoryRegion region = allocate(NAME, 3 * PAGE)) {
      region.resize(4 * PAGE);
      assertEquals(4 * PAGE, region.length()); // nobody has set one
      region.setLength(2 * PAGE + 7);
      region.resize(8 * PAGE);
      assertEquals(2 * PAGE + 7, region.length());
      region.resize(PAGE);
      assertEquals(PAGE, region.length());
      region.resize(2 * PAGE);
      assertEquals(PAGE, region.length());
      assertEquals(PAGE, stored(NAME).length());
    }
    try (MemoryRegion region = provider().open(NAME)) {
      assertEquals(PAGE, region.length());
    }
  }
}
