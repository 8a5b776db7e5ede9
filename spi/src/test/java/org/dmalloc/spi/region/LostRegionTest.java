/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Optional;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.BackingRegion.Carrier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a region says, and refuses, when there is nothing behind bytes of it. */
final class LostRegionTest {
  private static final long SIZE = 10_000;

  private final RegionLedger ledger =
      new RegionLedger(
          "fake", EnumSet.allOf(Capability.class), EnumSet.allOf(Advice.class), Long.MAX_VALUE);
  private final Backing backing = new Backing();
  private BackedRegion region;

  /** A backing whose file is as long as the test says. */
  private static final class Backing implements RegionBacking {
    private Arena arena = Arena.ofShared();
    private MemorySegment segment = arena.allocate(SIZE);
    private volatile long backed = Long.MAX_VALUE;
    private @Nullable InternalError fault;
    private boolean strayUseExpected;

    private void meet() {
      if (fault != null) {
        throw fault;
      }
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public long backedBytes() {
      return backed;
    }

    @Override
    public void force(long offset, long length) {
      meet();
    }

    @Override
    public void punch(long offset, long length, Punch space) {
      meet();
    }

    @Override
    public void resize(long newByteSize, ProgressListener progress) {
      meet();
      Arena next = Arena.ofShared();
      MemorySegment anew = next.allocate(newByteSize);
      arena.close();
      arena = next;
      segment = anew;
    }

    @Override
    public @Nullable MemoryException keepLast() {
      meet();
      return null;
    }

    @Override
    public void expectStrayUse() {
      strayUseExpected = true;
    }

    @Override
    public void unmap() {
      arena.close();
    }
  }

  private static InternalError busError() {
    return new InternalError("a fault occurred in an unsafe memory access operation");
  }

  @BeforeEach
  void allocate() throws MemoryException {
    RegionRequest request = RegionRequest.ofSize(SIZE);
    RegionTraits traits = RegionTraits.of(null, request.options(), Sharing.SHARED, null, "fake");
    region = ledger.admit(request, () -> new BackedRegion(ledger, traits, backing));
  }

  @AfterEach
  void close() {
    backing.fault = null;
    region.close();
  }

  @Test
  void aCutIsFoundByAskingAndSticks() throws Exception {
    assertEquals(Optional.empty(), region.failure());
    region.verifyBacked();
    backing.backed = 6000;
    String cut = "its file was cut short: bytes from 6000 on, of 10000, are lost";
    assertEquals(Optional.of(cut), region.failure());
    region.verifyBacked(0, 6000);
    region.verifyBacked(9000, 0);
    String message =
        String.valueOf(
            assertThrows(MemoryException.class, () -> region.verifyBacked(5999, 2)).getMessage());
    assertTrue(message.startsWith("verify 2 bytes of " + region + " at 5999: " + cut), message);
    backing.backed = 5000;
    assertTrue(region.failure().orElse("").contains("from 5000 on"));
    backing.backed = Long.MAX_VALUE; // zeros, and not what was stored
    assertThrows(MemoryException.class, region::verifyBacked);
    assertTrue(region.failure().orElse("").contains("from 5000 on"));
  }

  @Test
  void whatIsLostIsForgottenOnceTheRegionIsSmaller() throws Exception {
    backing.backed = 6000;
    assertTrue(region.failure().isPresent());
    backing.backed = Long.MAX_VALUE;
    region.resize(6001);
    assertTrue(region.failure().isPresent());
    region.resize(6000);
    assertEquals(Optional.empty(), region.failure());
    region.resize(SIZE);
    region.verifyBacked();
  }

  @Test
  void aBusErrorInACallSaysWhyAndMarks() throws Exception {
    backing.fault = busError();
    MemoryException told =
        assertThrows(MemoryException.class, () -> region.punch(0, 4096, Punch.RELEASE));
    assertSame(backing.fault, told.getCause());
    assertTrue(String.valueOf(told.getMessage()).startsWith("punch 10000 bytes of " + region));
    assertTrue(region.failure().orElse("").contains("punch"), region.failure().toString());
    region.verifyBacked();
    assertThrows(MemoryException.class, () -> region.resize(5));
    assertThrows(MemoryException.class, region::force);
    backing.fault = null;
    region.force(0, 100);
    assertTrue(region.failure().isPresent(), "a part says nothing of the rest");
    region.force();
    assertEquals(Optional.empty(), region.failure());

    backing.fault = busError();
    backing.backed = 4096;
    told = assertThrows(MemoryException.class, region::force);
    assertTrue(String.valueOf(told.getMessage()).contains("bytes from 4096 on"));
    assertSame(backing.fault, told.getSuppressed()[0]);
  }

  @Test
  void otherErrorsPassThrough() {
    backing.fault = new InternalError("a defect");
    assertSame(
        backing.fault, assertThrows(InternalError.class, () -> region.punch(0, 1, Punch.RELEASE)));
    assertEquals(Optional.empty(), region.failure());
  }

  @Test
  void aRegionThatCannotBeKeptIsClosedAllTheSame() {
    backing.fault = busError();
    UncheckedIOException told = assertThrows(UncheckedIOException.class, region::close);
    assertTrue(told.getCause() instanceof MemoryException);
    assertFalse(region.info().open());
    assertFalse(backing.segment.scope().isAlive());
    assertTrue(region.failure().isPresent());
  }

  @Test
  void aBackingHearsWhoseAddressesWereHandedOut() {
    region.close();
    assertFalse(backing.strayUseExpected);
  }

  @Test
  void byARawSegment() {
    assertEquals(SIZE, region.segment().byteSize());
    region.close();
    assertTrue(backing.strayUseExpected);
  }

  @Test
  void orByItsCarrier() {
    boolean[] pinned = {false};
    region.usedThrough(
        new Carrier() {
          @Override
          public boolean notifyNextUse(Runnable onUse) {
            return false;
          }

          @Override
          public boolean pinned() {
            return pinned[0];
          }
        });
    pinned[0] = true;
    region.close();
    assertTrue(backing.strayUseExpected);
  }
}
