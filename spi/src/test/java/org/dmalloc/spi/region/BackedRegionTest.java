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
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The life of a region over a fake backing. Over 500 lines: all cases share the backing's faults.
 */
@Timeout(60)
class BackedRegionTest {
  private static final long SHORT_NANOS = 20_000_000;
  private static final long LONG_NANOS = 60_000_000_000L;

  private final RegionLedger ledger = ledger(SHORT_NANOS);

  private static RegionLedger ledger(long sectionTimeoutNanos) {
    return new RegionLedger(
        "heapless",
        EnumSet.allOf(Capability.class),
        EnumSet.allOf(Advice.class),
        10_000,
        sectionTimeoutNanos);
  }

  private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
  private final String fileKeys = UUID.randomUUID().toString();

  /** Of the region that was allocated last. */
  private ArenaMemory memory;

  /** Memory from an arena; notes the calls that reach it. */
  private final class ArenaMemory implements RegionBacking {
    private Arena arena = Arena.ofShared();
    private MemorySegment segment;
    private volatile boolean forceFails;
    private volatile boolean proves = true;
    private volatile Runnable onForce = () -> {};
    private String holder;

    /** So many attempts to end the arena fail, as beside a native call. */
    private int inUse;

    private ArenaMemory(long byteSize) {
      segment = arena.allocate(byteSize, 8);
      memory = this;
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public void named(Object region, String newHolder) {
      holder = newHolder;
    }

    @Override
    public void force(long offset, long length) throws MemoryException {
      calls.add("force " + offset + " " + length);
      onForce.run();
      if (forceFails) {
        throw MemoryException.of("msync", length, toString(), "ENOSPC", 28, "", null);
      }
    }

    @Override
    public void rewrite(long offset, long length) {
      calls.add("rewrite " + offset + " " + length);
    }

    @Override
    public void prove(long offset, long length) throws MemoryException {
      calls.add("prove " + offset + " " + length);
      if (!proves) {
        throw MemoryException.of("compare", toString(), "different", "");
      }
    }

    /** The device fails, and does not give the old name back. */
    @Override
    public void rename(String newName, Renamed renamed) throws MemoryException {
      renamed.to(newName, Path.of("/store", newName));
      throw MemoryException.of("rename", toString(), "EIO", "");
    }

    @Override
    public void release(long offset, long length) {}

    private void checkUnused() {
      if (inUse > 0) {
        inUse--;
        throw new IllegalStateException("Session is acquired by 1 clients");
      }
    }

    @Override
    public void advise(Advice advice, long offset, long length) {
      calls.add("advise " + advice);
    }

    @Override
    public void prefetch(long[] offsets, long length) {
      calls.add("prefetch " + offsets.length);
    }

    @Override
    public Residency residency(long offset, long length) {
      return new Residency(length, length, length, 0, 0, 0, 0, "arena");
    }

    @Override
    public void apply(SwapPolicy policy) throws MemoryException {
      if (policy == SwapPolicy.NOW) {
        throw MemoryException.of("madvise", toString(), "EIO", "");
      }
    }

    @Override
    public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
      checkUnused();
      if (newByteSize == 13) {
        throw MemoryException.of("mremap", toString(), "ENOMEM", "");
      }
      boolean failsLate = newByteSize == 14; // after the old segment had to end
      Arena next = Arena.ofShared();
      MemorySegment anew = next.allocate(failsLate ? segment.byteSize() : newByteSize, 8);
      MemorySegment.copy(segment, 0, anew, 0, Math.min(segment.byteSize(), anew.byteSize()));
      arena.close();
      arena = next;
      segment = anew;
      if (failsLate) {
        throw MemoryException.of("mremap", toString(), "ENOMEM", "");
      }
    }

    @Override
    public void unmap() {
      checkUnused();
      arena.close();
    }
  }

  private BackedRegion allocate(RegionRequest request) throws MemoryException {
    return allocate(ledger, request);
  }

  private BackedRegion allocate(RegionLedger into, RegionRequest request) throws MemoryException {
    Sharing sharing = request.sharing() == Sharing.PRIVATE ? Sharing.PRIVATE : Sharing.SHARED;
    String key = request.name() == null ? null : fileKeys + request.name();
    RegionTraits traits =
        RegionTraits.of(
                request.name(),
                request.options(),
                sharing,
                request.name() == null ? null : Path.of("/store", request.name()),
                "arena")
            .withFileKey(key);
    return into.admit(
        request, () -> new BackedRegion(into, traits, new ArenaMemory(request.byteSize())));
  }

  private BackedRegion allocate(long byteSize) throws MemoryException {
    return allocate(RegionRequest.ofSize(byteSize));
  }

  @Test
  void theBooksFollowOpeningResizingAndClosing() throws Exception {
    BackedRegion a = allocate(4_000);
    BackedRegion b = allocate(1_000);
    assertEquals(5_000, ledger.statistics().openBytes());
    assertEquals(List.of(a, b), ledger.regions());
    b.resize(2_000);
    assertEquals(6_000, ledger.statistics().openBytes());
    b.resize(500);
    a.close();
    a.close();
    assertEquals(500, ledger.statistics().openBytes());
    b.close();
    assertEquals(0, ledger.statistics().openBytes());
    assertEquals(0, ledger.statistics().openRegions());
    assertEquals(2, ledger.statistics().allocations());
    assertEquals(2, ledger.statistics().closes());
  }

  @Test
  void theLimitIsHeldAtAllocationAndAtGrowth() throws Exception {
    BackedRegion a = allocate(6_000);
    MemoryException e = assertThrows(MemoryException.class, () -> allocate(4_001));
    assertTrue(e.getMessage().contains("limit"), e.getMessage());
    assertTrue(e.getMessage().contains("6000 of 10000"), e.getMessage());
    assertThrows(MemoryException.class, () -> a.resize(10_001));
    assertEquals(6_000, a.byteSize());
    assertEquals(6_000, ledger.statistics().openBytes());
    assertEquals(1, ledger.statistics().failures());
    a.close();
  }

  @Test
  void aNameThatCouldNotBeGivenBackIsTheRegions() throws Exception {
    try (BackedRegion a = allocate(RegionRequest.ofSize(100).withName("old"))) {
      memory.forceFails = true;
      assertThrows(MemoryException.class, a::force);
      assertThrows(MemoryException.class, () -> a.rename("new"));
      assertEquals("new", a.info().name());
      assertEquals(Path.of("/store/new"), a.info().path());
      assertTrue(a.toString().contains("'new'"), a.toString());
      memory.forceFails = false;
      a.force();
    }
  }

  @Test
  void aFailedResizeChangesNothing() throws Exception {
    try (BackedRegion a = allocate(1_000)) {
      assertThrows(MemoryException.class, () -> a.resize(13));
      assertEquals(1_000, a.byteSize());
      assertEquals(1_000, ledger.statistics().openBytes());
      try (Access access = a.acquire()) {
        access.segment().set(ValueLayout.JAVA_BYTE, 999, (byte) 1);
      }
    }
    assertEquals(0, ledger.statistics().openBytes());
  }

  @Test
  void aFailedResizeMayHaveMappedTheSameBytesAnew() throws Exception {
    try (BackedRegion a = allocate(1_000)) {
      try (Access access = a.acquire()) {
        access.segment().set(ValueLayout.JAVA_BYTE, 999, (byte) 5);
      }
      assertThrows(MemoryException.class, () -> a.resize(14));
      assertEquals(1_000, a.byteSize());
      try (Access access = a.acquire()) {
        assertEquals(5, access.segment().get(ValueLayout.JAVA_BYTE, 999));
      }
      a.resize(2_000);
      assertEquals(2_000, a.byteSize());
    }
  }

  @Test
  void anOpenBooksTheSizeThatItFinds() throws Exception {
    RegionLedger small =
        new RegionLedger(
            "test", EnumSet.allOf(Capability.class), EnumSet.allOf(Advice.class), 1_000);
    RegionTraits traits =
        RegionTraits.of("orders", RegionOptions.DEFAULT, Sharing.SHARED, null, "arena");
    RegionLedger.Opener opener =
        booking -> {
          booking.ofSize(600);
          return new BackedRegion(small, traits, new ArenaMemory(600));
        };
    try (BackedRegion a = small.admit(OpenRequest.of("orders"), opener)) {
      assertEquals(600, small.statistics().openBytes());
      MemoryException e =
          assertThrows(MemoryException.class, () -> small.admit(OpenRequest.of("orders"), opener));
      assertTrue(String.valueOf(e.getMessage()).startsWith("open 600 bytes of orders: limit"));
      assertEquals(600, a.byteSize());
    }
    assertThrows(
        MemoryException.class,
        () ->
            small.admit(
                OpenRequest.of("orders"),
                booking -> {
                  booking.ofSize(600);
                  throw MemoryException.of("open", "orders", "damaged", "");
                }));
    assertEquals(0, small.statistics().openBytes());
    assertEquals(2, small.statistics().failures());
  }

  @Test
  void aFailedMakerLeavesNoBooking() {
    assertThrows(
        OutOfMemoryError.class,
        () ->
            ledger.admit(
                RegionRequest.ofSize(100),
                () -> {
                  throw new OutOfMemoryError("as a test");
                }));
    assertEquals(0, ledger.statistics().openBytes());
    assertEquals(1, ledger.statistics().failures());
  }

  @Test
  void aStoppedProviderRefusesAndItsRegionsLiveOn() throws Exception {
    BackedRegion a = allocate(100);
    ledger.stop();
    assertThrows(IllegalStateException.class, () -> allocate(100));
    a.force();
    a.close();
    assertEquals(List.of("force 0 100"), calls);
  }

  @Test
  void anInterruptedThreadIsRefusedAndStaysInterrupted() {
    Thread.currentThread().interrupt();
    try {
      MemoryException e = assertThrows(MemoryException.class, () -> allocate(100));
      assertTrue(e.getMessage().contains("cancelled by an interrupt"), e.getMessage());
    } finally {
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void rangesOutsideAreRefusedBeforeAnythingHappens() throws Exception {
    try (BackedRegion a = allocate(100)) {
      assertThrows(IndexOutOfBoundsException.class, () -> a.force(1, 100));
      assertThrows(IndexOutOfBoundsException.class, () -> a.force(-1, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> a.force(1, -1));
      assertThrows(IndexOutOfBoundsException.class, () -> a.force(Long.MAX_VALUE, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> a.advise(Advice.COLD, 100, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> a.residency(0, 101));
      assertThrows(IndexOutOfBoundsException.class, () -> a.prefetch(new long[] {0, 50, 97}, 4));
      assertEquals(List.of(), calls);
      a.prefetch(new long[] {0, 50, 96}, 4);
      a.force(100, 0);
      assertEquals(List.of("prefetch 3"), calls);
    }
  }

  @Test
  void closeWaitsForSectionsAndNamesWhoHoldsOn() throws Exception {
    BackedRegion a = allocate(100);
    Access own = a.acquire();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread other =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    a.close();
                  } catch (IllegalStateException e) {
                    failure.set(e);
                  }
                });
    other.join();
    String message = String.valueOf(failure.get());
    assertTrue(message.contains(Thread.currentThread().getName()), message);
    own.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
    own.close();
    a.close();
    assertThrows(IllegalStateException.class, a::acquire);
    assertThrows(IllegalStateException.class, a::segment);
    assertThrows(IllegalStateException.class, a::force);
    assertThrows(IllegalStateException.class, () -> a.resize(5));
    assertFalse(a.info().open());
  }

  @Test
  void closeEndsTheSectionsOfTheThreadThatCloses() throws Exception {
    BackedRegion a = allocate(100);
    Access outer = a.acquire();
    Access inner = a.acquire();
    a.close();
    assertFalse(a.info().open());
    assertEquals(0, a.info().openSections());
    assertThrows(IllegalStateException.class, () -> inner.segment().get(ValueLayout.JAVA_BYTE, 0));
    inner.close();
    outer.close();
    assertThrows(IllegalStateException.class, outer::close);
  }

  @Test
  void aCloseThatFailsLeavesTheSectionsOfItsThreadOpen() throws Exception {
    BackedRegion a = allocate(100);
    Access own = a.acquire();
    memory.inUse = Integer.MAX_VALUE;
    IllegalStateException e = assertThrows(IllegalStateException.class, a::close);
    assertTrue(e.getMessage().startsWith("close of region "), e.getMessage());
    assertTrue(e.getMessage().contains("a channel or native call"), e.getMessage());
    assertTrue(a.info().open());
    assertEquals(100, ledger.statistics().openBytes());
    assertEquals(1, a.info().openSections());
    own.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
    own.close();
    memory.inUse = 0;
    a.close();
    assertEquals(0, ledger.statistics().openBytes());
  }

  @Test
  void closeAndResizeWaitForACallThatUsesTheSegment() throws Exception {
    BackedRegion a = allocate(ledger(LONG_NANOS), RegionRequest.ofSize(100));
    memory.inUse = 3;
    a.resize(200);
    assertEquals(0, memory.inUse);
    assertEquals(200, a.byteSize());
    memory.inUse = 3;
    Thread.currentThread().interrupt();
    a.close();
    assertTrue(Thread.interrupted(), "the status is kept");
    assertFalse(a.info().open());
  }

  @Test
  void wholeRegionCallsTakeTheSizeInsideTheirSection() throws Exception {
    // A busy machine may take the processor away from a thread inside its section.
    BackedRegion a = allocate(ledger(LONG_NANOS), RegionRequest.ofSize(1_000));
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread resizer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    for (int i = 0; i < 2_000; i++) {
                      a.resize(i % 2 == 0 ? 100 : 1_000);
                    }
                  } catch (Throwable t) {
                    failure.set(t);
                  }
                });
    while (resizer.isAlive()) {
      a.force();
      a.release();
      a.advise(Advice.WILL_NEED);
      a.residency();
    }
    resizer.join();
    assertEquals(null, failure.get());
    a.close();
  }

  @Test
  void aFailedForceSticksUntilASuccessThatBeganLater() throws Exception {
    BackedRegion a = allocate(10_000);
    memory.forceFails = true;
    assertThrows(MemoryException.class, () -> a.force(0, 1));
    assertEquals(List.of("force 0 1", "rewrite 0 10000"), calls, "all of it is suspect");
    assertTrue(String.valueOf(a.info().writeBackFailure()).contains("10000 bytes"));
    memory.forceFails = false;
    assertThrows(MemoryException.class, a::release);
    assertThrows(MemoryException.class, () -> a.release(9_999, 1));
    assertThrows(MemoryException.class, () -> a.advise(Advice.PAGE_OUT, 0, 1));
    assertThrows(MemoryException.class, () -> a.limitResident(1));
    a.advise(Advice.WILL_NEED);
    calls.clear();

    a.force(4_096, 10);
    assertEquals(List.of("rewrite 4096 4096", "force 4096 10", "prove 4096 4096"), calls);
    assertTrue(String.valueOf(a.info().writeBackFailure()).contains("5904 bytes"));
    a.release(4_096, 4_096);
    assertThrows(MemoryException.class, () -> a.release(4_096, 4_097));
    calls.clear();

    memory.proves = false;
    assertThrows(MemoryException.class, a::force);
    assertTrue(String.valueOf(a.info().writeBackFailure()).contains("5904 bytes"));
    memory.proves = true;
    calls.clear();
    a.force();
    assertEquals("rewrite 0 4096", calls.getFirst());
    assertEquals(null, a.info().writeBackFailure());
    calls.clear();
    a.force();
    assertEquals(List.of("force 0 10000"), calls);
    a.close();
  }

  @Test
  void aFailedSyncOfTheBackendsOwnMakesTheRegionSuspect() throws Exception {
    BackedRegion a = allocate(10_000);
    a.watchWriteBack(() -> calls.add("sync"));
    assertEquals(null, a.info().writeBackFailure());
    MemoryException told = MemoryException.of("move", "a header", "EIO", "");
    assertEquals(
        told,
        assertThrows(
            MemoryException.class,
            () ->
                a.watchWriteBack(
                    () -> {
                      throw told;
                    })));
    assertEquals(List.of("sync", "rewrite 0 10000"), calls);
    assertTrue(String.valueOf(a.info().writeBackFailure()).contains("10000 bytes"));
    assertThrows(MemoryException.class, a::release);
    a.force();
    a.release();
    a.close();
    assertThrows(IllegalStateException.class, () -> a.watchWriteBack(() -> calls.add("late")));
  }

  @Test
  void aForceThatSucceedsBesideOneThatFailsProvesNothing() throws Exception {
    BackedRegion a = allocate(10_000);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch fail = new CountDownLatch(1);
    AtomicReference<Throwable> failing = new AtomicReference<>();
    memory.onForce =
        () -> {
          begun.countDown();
          await(fail);
          memory.forceFails = true;
        };
    Thread first = Thread.ofPlatform().start(() -> failing.set(thrown(() -> a.force(0, 1))));
    begun.await();
    memory.onForce = () -> {};
    AtomicReference<Throwable> beside = new AtomicReference<>();
    Thread second = Thread.ofPlatform().start(() -> beside.set(thrown(() -> a.force(5_000, 1))));
    while (second.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    fail.countDown();
    first.join();
    second.join();
    assertTrue(failing.get() instanceof MemoryException, String.valueOf(failing.get()));
    assertTrue(beside.get() instanceof MemoryException, String.valueOf(beside.get()));
    memory.forceFails = false;
    a.force();
    a.close();
  }

  @Test
  void closeTriesOnceMoreAndReleasesAllWhatever() throws Exception {
    BackedRegion kept = allocate(RegionRequest.ofSize(5_000).withName("kept"));
    memory.forceFails = true;
    assertThrows(MemoryException.class, kept::force);
    UncheckedIOException e = assertThrows(UncheckedIOException.class, kept::close);
    assertTrue(e.getCause() instanceof MemoryException);
    assertFalse(kept.info().open());
    assertEquals(0, ledger.statistics().openBytes());

    BackedRegion again = allocate(RegionRequest.ofSize(5_000).withName("kept"));
    assertTrue(String.valueOf(again.info().writeBackFailure()).contains("ENOSPC"));
    again.close(); // now it works
    try (BackedRegion healed = allocate(RegionRequest.ofSize(5_000).withName("kept"))) {
      assertEquals(null, healed.info().writeBackFailure());
    }

    BackedRegion unnamed = allocate(5_000);
    memory.forceFails = true;
    assertThrows(MemoryException.class, unnamed::force);
    unnamed.close(); // nobody will miss what it had
  }

  private interface Call {
    void run() throws Exception;
  }

  private static Throwable thrown(Call call) {
    try {
      call.run();
      return null;
    } catch (Exception e) {
      return e;
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void sectionsAreClosedOnceByTheirThread() throws Exception {
    try (BackedRegion a = allocate(100)) {
      Access access = a.acquire();
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread other =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      access.close();
                    } catch (IllegalStateException e) {
                      failure.set(e);
                    }
                  });
      other.join();
      assertTrue(String.valueOf(failure.get()).contains("closed on thread"));
      assertEquals(1, a.info().openSections());
      access.close();
      IllegalStateException twice = assertThrows(IllegalStateException.class, access::close);
      assertTrue(twice.getMessage().contains("twice"), twice.getMessage());
      assertEquals(0, a.info().openSections());
    }
  }

  @Test
  void aPinnedRegionKeepsItsSize() throws Exception {
    try (BackedRegion a = allocate(100)) {
      MemorySegment raw = a.segment();
      IllegalStateException e = assertThrows(IllegalStateException.class, () -> a.resize(200));
      assertTrue(e.getMessage().contains("pinned"), e.getMessage());
      assertSame(raw, a.segment());
      assertTrue(a.info().pinned());
    }
  }

  @Test
  void growthKeepsContentAndEndsTheOldSegment() throws Exception {
    try (BackedRegion a = allocate(100)) {
      MemorySegment leaked;
      try (Access access = a.acquire()) {
        leaked = access.segment();
        leaked.set(ValueLayout.JAVA_BYTE, 99, (byte) 42);
      }
      a.resize(5_000);
      assertThrows(IllegalStateException.class, () -> leaked.get(ValueLayout.JAVA_BYTE, 0));
      try (Access access = a.acquire()) {
        assertEquals(42, access.segment().get(ValueLayout.JAVA_BYTE, 99));
        assertEquals(0, access.segment().get(ValueLayout.JAVA_BYTE, 4_999));
      }
    }
  }

  @Test
  void adviceThatWouldLoseContentIsRefused() throws Exception {
    try (BackedRegion a = allocate(RegionRequest.ofSize(100).withSharing(Sharing.PRIVATE))) {
      assertThrows(UnsupportedOperationException.class, () -> a.advise(Advice.DONT_NEED));
      assertThrows(UnsupportedOperationException.class, a::force);
      a.advise(Advice.RANDOM);
      assertEquals(AccessPattern.RANDOM, a.info().pattern());
      a.advise(Advice.SEQUENTIAL, 0, 50);
      assertEquals(AccessPattern.RANDOM, a.info().pattern());
    }
  }

  @Test
  void policiesReplaceWhatTheyContradictAndAFailedOneChangesNothing() throws Exception {
    try (BackedRegion a = allocate(100)) {
      a.apply(SwapPolicy.NEVER);
      a.apply(SwapPolicy.HUGE_PAGES);
      assertEquals(Set.of(SwapPolicy.NEVER, SwapPolicy.HUGE_PAGES), a.info().policies());
      assertTrue(a.info().locked());
      assertThrows(MemoryException.class, () -> a.apply(SwapPolicy.NOW));
      a.apply(SwapPolicy.PREFAULT);
      assertEquals(Set.of(SwapPolicy.NEVER, SwapPolicy.HUGE_PAGES), a.info().policies());
      a.apply(SwapPolicy.EARLY);
      assertEquals(Set.of(SwapPolicy.EARLY, SwapPolicy.HUGE_PAGES), a.info().policies());
      a.apply(SwapPolicy.KERNEL);
      assertEquals(Set.of(SwapPolicy.KERNEL), a.info().policies());
    }
  }

  @Test
  void whoCarriesARegionNamesIt() throws Exception {
    try (BackedRegion a = allocate(64)) {
      assertTrue(a.toString().startsWith("region " + a.id()), a.toString());
      a.usedThrough(
          new org.dmalloc.api.backing.BackingRegion.Carrier() {
            @Override
            public boolean notifyNextUse(Runnable onUse) {
              return false;
            }

            @Override
            public String label() {
              return "region 1 'orders'";
            }
          });
      assertTrue(a.toString().startsWith("region 1 'orders' ("), a.toString());
      assertTrue(memory.holder.startsWith("region 1 'orders' on "), memory.holder);
      a.usedThrough(use -> false);
      assertTrue(a.toString().startsWith("region " + a.id()), a.toString());
    }
  }

  @Test
  void aCarrierIsAskedAndASectionOfItsOwnTellsToo() throws Exception {
    try (BackedRegion a = allocate(64)) {
      AtomicInteger told = new AtomicInteger();
      assertEquals(64, a.backing().byteSize());
      assertFalse(a.notifyNextUse(told::incrementAndGet), "the memory is used unseen");
      AtomicReference<Runnable> onUse = new AtomicReference<>();
      a.usedThrough(
          use -> {
            onUse.set(use);
            return true;
          });
      assertTrue(a.notifyNextUse(told::incrementAndGet));
      onUse.get().run();
      assertEquals(1, told.get());
      a.acquire().close();
      assertEquals(2, told.get());
      assertTrue(a.notifyNextUse(told::incrementAndGet));
      a.usedThrough(use -> false);
      assertFalse(a.notifyNextUse(told::incrementAndGet), "in use by way of the carrier");
      a.segment();
      a.usedThrough(use -> true);
      assertFalse(a.notifyNextUse(told::incrementAndGet), "pinned");
    }
  }

  @Test
  void contentIsLoadedWithinTheRegionOnly() throws Exception {
    try (BackedRegion a = allocate(64)) {
      MemorySegment content = MemorySegment.ofArray(new byte[] {1, 2, 3});
      a.load(61, content);
      assertEquals(3, a.backing().get(ValueLayout.JAVA_BYTE, 63));
      assertThrows(IndexOutOfBoundsException.class, () -> a.load(62, content));
      assertThrows(IndexOutOfBoundsException.class, () -> a.load(-1, content));
    }
  }

  @Test
  void undeclaredCapabilitiesAreNamed() {
    RegionLedger poor = new RegionLedger("poor", Set.of(), Set.of(), Long.MAX_VALUE);
    UnsupportedCapabilityException e =
        assertThrows(
            UnsupportedCapabilityException.class,
            () -> allocate(poor, RegionRequest.ofSize(1).withName("orders")));
    assertEquals(Capability.NAMED, e.capability());
    assertTrue(e.getMessage().contains("poor"), e.getMessage());
    assertTrue(e.getMessage().contains("NAMED"), e.getMessage());
  }
}
