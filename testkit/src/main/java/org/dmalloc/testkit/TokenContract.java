/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.junit.jupiter.api.Test;

/**
 * Regions without a name that are handed on by a token: what one process can see of it, which may
 * attach a region of its own. Of providers that share regions without a name.
 */
public abstract class TokenContract extends ContractTheme {
  private static final long SIZE = 3 * PAGE + 100;
  private static final RegionRequest SHARED = RegionRequest.ofSize(SIZE).withProcessShared(true);
  private static final RegionOptions DEFAULT = RegionOptions.DEFAULT;

  private MemoryRegion shared() throws MemoryException {
    return shared(SHARED);
  }

  /** A region that has a token. */
  private MemoryRegion shared(RegionRequest request) throws MemoryException {
    assumeDeclared(Capability.PROCESS_SHARED);
    MemoryRegion region;
    try {
      region = provider().allocate(request);
    } catch (UnsupportedOperationException e) {
      Skip.because(provider().name() + " shares regions with a name alone: " + e.getMessage());
      throw e;
    }
    try {
      assertFalse(region.token().isBlank());
      return region;
    } catch (UnsupportedCapabilityException e) {
      region.close();
      Skip.because(provider().name() + " shares regions with a name alone: " + e.getMessage());
      throw e;
    }
  }

  @Test
  void anAttachedRegionHasTheSameBytes() throws Exception {
    try (MemoryRegion region = shared()) {
      Pattern.write(region, 1);
      String token = region.token();
      assertEquals(1, token.lines().count());
      assertFalse(token.contains(" "), "one word");
      try (MemoryRegion attached = provider().attach(token, DEFAULT.withOwner("second"))) {
        assertNotEquals(region.id(), attached.id());
        assertEquals(SIZE, attached.byteSize());
        assertTrue(attached.info().processShared());
        assertEquals("second", attached.info().owner());
        Pattern.check(attached, 1);
        Pattern.write(attached, 2);
        Pattern.check(region, 2);
        try (MemoryRegion third = provider().attach(attached.token(), DEFAULT)) {
          Pattern.check(third, 2);
          assertOpen(3, 3 * SIZE, provider());
        }
      }
      assertOpen(1, SIZE, provider());
      Pattern.check(region, 2);
    }
  }

  @Test
  void theRegionsOfAProcessAreOneMember() throws Exception {
    try (MemoryRegion region = shared()) {
      RegionMembers members = region.members().orElseThrow();
      assertTrue(members.isAlive(members.self()));
      assertEquals(0, members.processes().size(), members.processes().toString());
      members.tryExclude().orElseThrow().close();
      try (MemoryRegion attached = provider().attach(region.token(), DEFAULT)) {
        assertEquals(members.self(), attached.members().orElseThrow().self());
        assertTrue(members.tryExclude().isEmpty(), "it is open twice");
        try (RegionMembers.Hold work = members.tryHold("work").orElseThrow()) {
          assertTrue(attached.members().orElseThrow().tryHold("work").isEmpty(), work.toString());
        }
      }
      try (RegionMembers.Hold alone = members.tryExclude().orElseThrow();
          RegionMembers.Hold again = members.tryExclude().orElseThrow()) {
        assertRefused(() -> provider().attach(region.token(), DEFAULT).close());
        assertNotEquals(alone, again);
      }
      provider().attach(region.token(), DEFAULT).close();
    }
  }

  @Test
  void anAttachedRegionOutlivesItsMaker() throws Exception {
    MemoryRegion region = shared();
    Pattern.write(region, 3);
    try (MemoryRegion attached = provider().attach(region.token(), DEFAULT)) {
      int member = attached.members().orElseThrow().self();
      region.close();
      Pattern.check(attached, 3);
      assertTrue(attached.members().orElseThrow().isAlive(member));
      try (MemoryRegion again = provider().attach(attached.token(), DEFAULT)) {
        Pattern.check(again, 3);
      }
    }
  }

  @Test
  void theTokenOfAClosedRegionLeadsNowhere() throws Exception {
    MemoryRegion region = shared();
    String token = region.token();
    region.close();
    MemoryException refusal = assertRefused(() -> provider().attach(token, DEFAULT).close());
    assertSays(refusal, "attach");
    try (MemoryRegion other = shared()) { // which may have the same number of a descriptor
      assertRefused(() -> provider().attach(token, DEFAULT).close());
      assertNotEquals(token, other.token());
    }
  }

  @Test
  void whatIsNoTokenIsRefusedWithoutRepeatingIt() throws Exception {
    try (MemoryRegion region = shared()) {
      String token = region.token();
      for (int cut = 0; cut < token.length(); cut++) {
        String part = token.substring(0, cut);
        assertSilent(token, part);
        char changed = token.charAt(cut) == 'x' ? 'y' : 'x';
        assertSilent(token, part + changed + token.substring(cut + 1));
      }
      assertSilent(token, token + token);
      assertSilent(token, token + "A");
      try (MemoryRegion attached = provider().attach(" " + token + "\n", DEFAULT)) {
        assertEquals(SIZE, attached.byteSize());
      }
    }
  }

  /** A message may have no more of a token than its first characters, which all have. */
  private void assertSilent(String token, String wrong) throws Exception {
    IllegalArgumentException refusal =
        assertRefused(
            IllegalArgumentException.class, () -> provider().attach(wrong, DEFAULT).close());
    for (int at = token.length() / 4; at + 6 <= token.length(); at++) {
      assertFalse(
          String.valueOf(refusal.getMessage()).contains(token.substring(at, at + 6)),
          refusal.getMessage());
    }
  }

  @Test
  void nothingThatIsShownHasTheToken() throws Exception {
    try (MemoryRegion region = shared();
        MemoryRegion attached = provider().attach(region.token(), DEFAULT)) {
      String shown =
          String.join(
              " ",
              region.toString(),
              region.info().toString(),
              String.valueOf(region.members()),
              attached.toString(),
              attached.info().toString(),
              provider().statistics().toString(),
              System.getProperties().toString());
      String token = region.token();
      for (int at = token.length() / 4; at + 8 <= token.length(); at++) {
        assertFalse(shown.contains(token.substring(at, at + 8)), shown);
      }
    }
  }

  @Test
  void whatOneGrowsTheOthersSeeWithItsBytes() throws Exception {
    try (MemoryRegion region = shared()) {
      assumeDeclared(Capability.RESIZE);
      Pattern.write(region, 4);
      try (MemoryRegion attached = provider().attach(region.token(), DEFAULT)) {
        region.resize(8 * PAGE);
        Pattern.write(region, 5); // also what was behind the end of a page that both have
        assertEquals(SIZE, attached.byteSize(), "it has its own");
        assertEquals(5 * PAGE + 1, attached.ensure(5 * PAGE + 1));
        try (Access access = attached.acquire()) {
          Pattern.check(access.segment(), 5, 5 * PAGE);
        }
        attached.resize(8 * PAGE);
        Pattern.check(attached, 5);
        attached.resize(9 * PAGE);
        try (Access access = attached.acquire()) {
          access.segment().set(JAVA_BYTE, 9 * PAGE - 1, (byte) 7);
        }
        region.ensure(9 * PAGE);
        try (Access access = region.acquire()) {
          assertEquals(7, access.segment().get(JAVA_BYTE, 9 * PAGE - 1));
          Pattern.check(access.segment(), 5, 8 * PAGE);
        }
        try (MemoryRegion later = provider().attach(region.token(), DEFAULT)) {
          assertEquals(9 * PAGE, later.byteSize());
        }
        assertRefused(() -> region.resize(PAGE));
        try (Access access = attached.acquire(0, 8 * PAGE)) {
          Pattern.check(access.segment(), 5);
        }
      }
    }
  }

  @Test
  void withinItsMaximumEachGrowsInPlace() throws Exception {
    assumeDeclared(Capability.PROCESS_SHARED, Capability.GROW_IN_PLACE);
    try (MemoryRegion region = shared(SHARED.withMaximum(64 * PAGE));
        MemoryRegion attached = provider().attach(region.token(), DEFAULT.withMaximum(32 * PAGE))) {
      Pattern.write(region, 6);
      MemorySegment segment = attached.segment(); // pins it: from here on it grows in place alone
      region.resize(16 * PAGE);
      assertEquals(16 * PAGE, attached.ensure(16 * PAGE));
      Pattern.check(segment, 6);
      region.resize(64 * PAGE);
      assertEquals(16 * PAGE, attached.byteSize());
    }
  }

  @Test
  void attributesAreOfEachForItself() throws Exception {
    try (MemoryRegion region = shared()) {
      IllegalArgumentException contradiction =
          assertThrowsOneLine(
              IllegalArgumentException.class,
              () ->
                  provider().attach(region.token(), DEFAULT.withSharing(Sharing.PRIVATE)).close());
      assertSays(contradiction, "private");
      MemoryException tooLarge =
          assertRefused(() -> provider().attach(region.token(), DEFAULT.withMaximum(PAGE)).close());
      assertSays(tooLarge, "maximum");
      if (!declares(Capability.READ_ONLY)) {
        assertRefused(
            UnsupportedCapabilityException.class,
            () ->
                provider()
                    .attach(region.token(), DEFAULT.withAccess(AccessMode.READ_ONLY))
                    .close());
      }
    }
  }

  @Test
  void othersHaveNoToken() throws Exception {
    try (MemoryRegion region = allocate(PAGE)) {
      assertThrowsOneLine(UnsupportedCapabilityException.class, region::token);
      assertTrue(region.members().isEmpty());
    }
    if (declares(Capability.NAMED)) {
      try (MemoryRegion region = allocate("named", PAGE)) {
        assertThrowsOneLine(RuntimeException.class, region::token);
      }
    }
    if (!declares(Capability.PROCESS_SHARED)) {
      UnsupportedCapabilityException refusal =
          assertRefused(
              UnsupportedCapabilityException.class,
              () -> provider().attach("anything", DEFAULT).close());
      assertEquals(Capability.PROCESS_SHARED, refusal.capability());
      assertRefused(
          UnsupportedCapabilityException.class, () -> provider().allocate(SHARED).close());
    }
  }
}
