/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Moving one region: content, books, refusals, and a failure at every step. Over 500 lines: a case
 * for each step of a move and each way in which it can end, over the same providers.
 */
final class MoveTest {
  private final Rig rig = new Rig();
  private final InMemoryStore disk = new InMemoryStore("/disk");
  private final InMemoryProvider memory = InMemoryProvider.memory("memory");
  private final InMemoryProvider files = InMemoryProvider.files("files", disk);
  private final InMemoryProvider otherFiles = InMemoryProvider.files("other-files", disk);

  MoveTest() {
    rig.add(memory, 10);
    rig.add(files, 5);
    rig.add(otherFiles, 4);
  }

  @Test
  void contentMovesBothWays() throws Exception {
    ManagedRegion region = rig.filled(1);
    assertEquals("memory", region.managedInfo().backend());
    MoveResult there = rig.move(region, "files");
    assertEquals("shadow", there.tracking());
    assertTrue(there.copiedBytes() >= Rig.SIZE, there.toString());
    Rig.check(region, 1);
    Rig.fill(region, 2);
    MoveResult back = rig.move(region, "memory");
    assertEquals("comparison", back.tracking());
    Rig.check(region, 2);
    assertEquals(1, memory.openRegions());
    assertEquals(0, files.openRegions());
    assertEquals(2, region.managedInfo().moves());
    assertEquals("files", region.managedInfo().history().getFirst().to());
    region.close();
    assertEquals(0, memory.openRegions());
    assertThrows(IllegalStateException.class, region::acquire);
  }

  @Test
  void residentBudgetGoesAlongToWhereItCanBeKept() throws Exception {
    ManagedRegion region = rig.filled(9);
    assertThrows(UnsupportedCapabilityException.class, () -> region.limitResident(4096));
    rig.move(region, "files");
    assertEquals(RegionRequest.NO_BUDGET, region.info().residentBudget());
    region.limitResident(4096);
    assertEquals(4096, region.info().residentBudget());
    rig.move(region, "memory");
    assertEquals(RegionRequest.NO_BUDGET, region.info().residentBudget(), "memory keeps none");
    rig.move(region, "files");
    assertEquals(4096, region.info().residentBudget());
    region.limitResident(RegionRequest.NO_BUDGET);
    rig.move(region, "memory");
    rig.move(region, "files");
    assertEquals(RegionRequest.NO_BUDGET, region.info().residentBudget());
    Rig.check(region, 9);
  }

  @Test
  void pagesOfZerosAreNotCopied() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE));
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG, 4096 * 7L + 8, 5);
    }
    assertEquals(4096 + Rig.SIZE % 4096, rig.move(region, "files").copiedBytes());
    try (Access access = region.acquire()) {
      assertEquals(5, access.segment().get(JAVA_LONG, 4096 * 7L + 8));
    }
  }

  @Test
  void refusedTrackingFallsBackToComparison() throws Exception {
    memory.faults().fail("EPERM", "trackDirty");
    ManagedRegion region = rig.filled(1);
    AtomicBoolean written = new AtomicBoolean();
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED && written.compareAndSet(false, true)) {
            Rig.fill(which, 2);
          }
        };
    MoveResult result = rig.move(region, "files");
    assertEquals("comparison", result.tracking());
    assertTrue(written.get());
    Rig.check(region, 2);
    assertEquals("files", region.managedInfo().backend());
  }

  /** A region of several shares, so that the last comparison is made on several threads. */
  @Test
  void comparisonOnSeveralThreadsFindsEveryPage() throws Exception {
    memory.faults().fail("EPERM", "trackDirty");
    long byteSize = (64 << 20) + 4096 + 8;
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(byteSize));
    rig.probe =
        (which, step) -> {
          if (step == Step.SHUT) {
            // No section can be open now: as a writer that was let through just before.
            MemorySegment memory = which.placement().segment();
            for (long at = 0; at + 8 <= byteSize; at += 4096 * 37) {
              memory.set(JAVA_LONG, at, at + 1);
            }
            memory.set(JAVA_LONG, byteSize - 8, 7);
          }
        };
    assertEquals("comparison", rig.move(region, "files").tracking());
    try (Access access = region.acquire()) {
      for (long at = 0; at + 8 <= byteSize; at += 4096 * 37) {
        assertEquals(at + 1, access.segment().get(JAVA_LONG, at));
      }
      assertEquals(7, access.segment().get(JAVA_LONG, byteSize - 8));
    }
  }

  @Test
  void sameFileIsMappedAnew() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 3);
    MoveResult result = rig.move(region, "other-files");
    assertEquals(MoveMethod.REMAP, result.method());
    assertEquals(0, result.copiedBytes());
    Rig.check(region, 3);
    assertEquals("other-files", region.managedInfo().backend());
    assertEquals(1, disk.names().size());
  }

  @Test
  void storedRegionMovesToAnotherStoreAndLeavesTheFirst() throws Exception {
    InMemoryStore second = new InMemoryStore("/second");
    InMemoryProvider far = InMemoryProvider.files("far", second);
    rig.add(far, 1);
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 4);
    rig.probe =
        (which, step) -> {
          // The new file has its name only when it has everything; until then the old one has.
          boolean before = step.compareTo(Step.PUBLISHED) < 0;
          assertEquals(before, second.names().isEmpty(), step.name());
          assertEquals(step == Step.RELEASED, disk.names().isEmpty(), step.name());
          if (step != Step.PASSED) { // before and after
            boolean announced = step.compareTo(Step.ANNOUNCED) >= 0 && step != Step.RELEASED;
            assertEquals(announced, !disk.leaving().isEmpty(), step.name());
          }
        };
    rig.move(region, "far");
    rig.probe = Step.Probe.NONE;
    Rig.check(region, 4);
    assertTrue(far.faults().count("force") > 0, "forced before the old file is deleted");
    assertTrue(disk.names().isEmpty());
    region.close();
    assertEquals(Rig.SIZE, second.bytes("orders").byteSize());
  }

  /** Exactly one stays, the message says which, and nothing of the other. */
  @Test
  void aCopyThatCannotBeForcedLeavesTheRegionWhereItWas() throws Exception {
    InMemoryStore second = new InMemoryStore("/second");
    InMemoryProvider far = InMemoryProvider.files("far", second);
    rig.add(far, 1);
    List<String> failures = new ArrayList<>();
    rig.regions
        .moves()
        .add(
            new MoveListener() {
              @Override
              public void failed(long regionId, String from, String to, String reason) {
                failures.add(reason);
              }
            });
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 4);
    rig.probe =
        (which, step) -> {
          if (step == Step.DELTA_COPIED) {
            far.faults().fail("EIO", "force");
          }
        };
    MemoryException e = assertThrows(MemoryException.class, () -> rig.move(region, "far"));
    rig.probe = Step.Probe.NONE;
    assertTrue(e.getMessage().contains("EIO") && e.getMessage().contains("stays on files"));
    assertEquals(List.of(String.valueOf(e.getMessage())), failures);
    assertNotNull(region.managedInfo().history().getFirst().failure());
    assertEquals("files", region.managedInfo().backend());
    assertEquals(0, far.openRegions());
    assertTrue(second.names().isEmpty());
    assertTrue(disk.leaving().isEmpty());
    Rig.check(region, 4);
    Rig.fill(region, 5);
    far.faults().clear();
    rig.move(region, "far");
    Rig.check(region, 5);
    region.close();
    assertTrue(disk.names().isEmpty() && disk.open().isEmpty() && second.open().isEmpty());
  }

  @Test
  void whatCouldNotBeWrittenMovesOnlyOnceItIs() throws Exception {
    InMemoryProvider far = InMemoryProvider.files("far", new InMemoryStore("/second"));
    rig.add(far, 1);
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    rig.move(region, "far");
    Rig.fill(region, 4);
    far.faults().fail("EIO", "force");
    assertThrows(MemoryException.class, region::force);
    assertTrue(String.valueOf(region.info().writeBackFailure()).contains("EIO"));
    MemoryException e = assertThrows(MemoryException.class, () -> rig.move(region, "files"));
    assertTrue(e.getMessage().contains("EIO"), e.getMessage());
    assertEquals("far", region.managedInfo().backend());
    Rig.check(region, 4);
    far.faults().clear();
    rig.move(region, "files");
    assertEquals(null, region.info().writeBackFailure());
    Rig.check(region, 4);
    region.close();
  }

  @Test
  void whatCannotBeClosedAtOnceIsClosedLater() throws Exception {
    ManagedRegion region = rig.filled(4);
    memory.faults().fail(new IllegalStateException("a native call uses it"), "close");
    rig.move(region, "files");
    assertEquals("files", region.managedInfo().backend());
    assertEquals(1, memory.openRegions());
    PolicyClock clock = new PolicyClock(rig.regions, System::nanoTime);
    clock.tick();
    assertEquals(1, memory.openRegions());
    memory.faults().clear();
    clock.tick();
    assertEquals(0, memory.openRegions());
    Rig.check(region, 4);
  }

  @Test
  void failureAtAnyStepBetweenStoresLeavesOneFile() throws Exception {
    InMemoryStore second = new InMemoryStore("/second");
    InMemoryProvider far = InMemoryProvider.files("far", second);
    rig.add(far, 1);
    for (Step fatal : Step.values()) {
      ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
      Rig.fill(region, 7);
      rig.probe =
          (which, step) -> {
            if (step == fatal) {
              throw MemoryException.of("test", "", "EIO", "");
            }
          };
      boolean failed = false;
      try {
        rig.move(region, "far");
      } catch (MemoryException e) {
        failed = true;
      }
      rig.probe = Step.Probe.NONE;
      assertEquals(failed ? 1 : 0, disk.names().size(), fatal.name());
      assertEquals(failed ? 0 : 1, second.names().size(), fatal.name());
      assertTrue(disk.leaving().isEmpty(), fatal.name());
      Rig.check(region, 7);
      region.close();
      (failed ? files : far).delete("orders");
    }
  }

  @Test
  void failedOpenReopensByTheFirst() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 5);
    otherFiles.faults().fail("EACCES", "allocate", "open", "apply");
    MemoryException refused =
        assertThrows(MemoryException.class, () -> rig.move(region, "other-files"));
    assertTrue(String.valueOf(refused.getMessage()).contains("EACCES"));
    Rig.check(region, 5);
    assertEquals("files", region.managedInfo().backend());
    Rig.fill(region, 6);
    region.close();
    assertEquals(1, disk.names().size());
  }

  @Test
  void whatNobodyOpensIsReportedAndRescued() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 5);
    otherFiles.faults().fail("EACCES", "allocate", "open", "apply");
    rig.probe =
        (which, step) -> {
          if (step == Step.SOURCE_CLOSED) {
            files.faults().fail("EIO", "allocate", "open", "apply");
          }
        };
    assertThrows(MemoryException.class, () -> rig.move(region, "other-files"));
    IllegalStateException why = assertThrows(IllegalStateException.class, region::acquire);
    assertTrue(String.valueOf(why.getMessage()).contains("EIO"), why.getMessage());
    files.faults().clear();
    rig.probe = Step.Probe.NONE;
    new PolicyClock(rig.regions, System::nanoTime).tick();
    Rig.check(region, 5);
    assertEquals("files", region.managedInfo().backend());
  }

  @Test
  void pinnedIsRefusedByNameAndOwner() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withOwner("the importer"));
    Rig.fill(region, 1);
    MemorySegment raw = region.segment();
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> rig.move(region, "files"));
    String message = String.valueOf(refused.getMessage());
    assertTrue(message.contains("the importer") && message.contains("test.bundle"), message);
    assertEquals(31L, raw.get(JAVA_LONG, 0));
    assertEquals(0, files.openRegions());
    region.close();
  }

  @Test
  void pinDuringTheCopyIsRespected() throws Exception {
    ManagedRegion region = rig.filled(1);
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED) {
            assertNotNull(which.segment());
          }
        };
    assertThrows(IllegalStateException.class, () -> rig.move(region, "files"));
    assertEquals(0, files.openRegions());
    Rig.check(region, 1);
  }

  @Test
  void missingConditionIsRefusedByCapability() throws Exception {
    ManagedRegion named = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    UnsupportedCapabilityException refused =
        assertThrows(UnsupportedCapabilityException.class, () -> rig.move(named, "memory"));
    assertEquals(Capability.NAMED, refused.capability());
    assertEquals("memory", refused.backend());
  }

  @Test
  void heldSectionEndsTheMoveAndNamesItsOwner() throws Exception {
    ManagedRegion region = rig.filled(1);
    CountDownLatch open = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    Thread holder =
        Thread.ofPlatform()
            .name("slow-reader")
            .start(
                () -> {
                  try (Access access = region.acquire()) {
                    assertNotNull(access.segment());
                    open.countDown();
                    release.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    open.await();
    MemoryException refused =
        assertThrows(
            MemoryException.class,
            () ->
                rig.move(
                    region,
                    "files",
                    MoveOptions.DEFAULT.withSectionTimeout(Duration.ofMillis(5)).withAttempts(2)));
    release.countDown();
    holder.join();
    assertTrue(String.valueOf(refused.getMessage()).contains("slow-reader"), refused.getMessage());
    assertEquals(0, files.openRegions());
    Rig.check(region, 1);
    rig.move(region, "files");
    Rig.check(region, 1);
    assertEquals(2, region.managedInfo().history().size());
    assertNotNull(region.managedInfo().history().getFirst().failure());
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // that is the mistake
  void sectionOfAThreadThatIsGoneHoldsNothingUp() throws Exception {
    ManagedRegion region = rig.filled(1);
    AtomicReference<Access> forgotten = new AtomicReference<>();
    Thread forgetful = Thread.ofPlatform().start(() -> forgotten.set(region.acquire()));
    forgetful.join();
    assertEquals(1, region.info().openSections());
    rig.move(
        region,
        "files",
        MoveOptions.DEFAULT.withSectionTimeout(Duration.ofMillis(5)).withAttempts(2));
    assertEquals(0, region.info().openSections());
    IllegalStateException elsewhere =
        assertThrows(IllegalStateException.class, () -> forgotten.get().close());
    assertTrue(String.valueOf(elsewhere.getMessage()).contains("its owner must close it"));
    Rig.check(region, 1);
    assertEquals("files", region.managedInfo().backend());
  }

  @Test
  void closeEndsTheSectionsOfItsThreadAndThoseOfThreadsThatAreGone() throws Exception {
    ManagedRegion region = rig.filled(1);
    Access own = region.acquire();
    region.close();
    assertFalse(region.info().open());
    assertThrows(IllegalStateException.class, () -> own.segment().get(JAVA_LONG, 0));
    own.close();
    assertFalse(rig.regions.accounts().regions().iterator().hasNext());
  }

  @Test
  void sectionClosedTwiceIsReported() throws Exception {
    ManagedRegion region = rig.filled(1);
    Access access = region.acquire();
    access.close();
    IllegalStateException twice = assertThrows(IllegalStateException.class, access::close);
    assertTrue(String.valueOf(twice.getMessage()).contains("closed twice"), twice.getMessage());
    rig.move(region, "files");
    Rig.check(region, 1);
  }

  @Test
  void listenerCancels() throws Exception {
    ManagedRegion region = rig.filled(1);
    ProgressListener cancel =
        (done, total) -> {
          throw new IllegalStateException("enough");
        };
    MemoryException cancelled =
        assertThrows(
            MemoryException.class,
            () -> rig.regions.moves().move(region.id(), "files", MoveOptions.DEFAULT, cancel));
    assertEquals("enough", cancelled.getCause().getMessage());
    assertEquals(0, files.openRegions());
    Rig.check(region, 1);
  }

  @Test
  void closeDuringAMoveWins() throws Exception {
    ManagedRegion region = rig.filled(1);
    AtomicReference<Thread> closer = new AtomicReference<>();
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED) {
            closer.set(Thread.ofPlatform().start(which::close));
            while (!which.moving().mustGiveWay()) {
              Thread.onSpinWait();
            }
          }
        };
    MoveOptions slow = MoveOptions.DEFAULT.withSectionTimeout(Duration.ofSeconds(1));
    try {
      rig.move(region, "files", slow);
    } catch (MemoryException e) {
      assertTrue(String.valueOf(e.getMessage()).contains("gave way"), e.getMessage());
    }
    closer.get().join();
    assertFalse(region.info().open());
    assertEquals(0, files.openRegions());
    assertEquals(0, memory.openRegions());
    assertEquals(0, rig.provider.statistics().openBytes());
  }

  @ParameterizedTest
  @EnumSource(Step.class)
  void failureAtAnyStepLosesNothing(Step fatal) throws Exception {
    for (Throwable failure :
        List.of(
            MemoryException.of("test", "", "ENOSPC", ""),
            new IllegalStateException("stopped"),
            new InternalError("SIGBUS"))) {
      failAt(fatal, failure, rig.filled(7), "files", memory);
      ManagedRegion named = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
      Rig.fill(named, 7);
      failAt(fatal, failure, named, "other-files", files);
      rig.provider.delete("orders");
    }
  }

  private void failAt(
      Step fatal, Throwable failure, ManagedRegion region, String target, InMemoryProvider source)
      throws Exception {
    AtomicBoolean reached = new AtomicBoolean();
    rig.probe =
        (which, step) -> {
          if (step == fatal) {
            reached.set(true);
            switch (failure) {
              case MemoryException e -> throw e;
              case RuntimeException e -> throw e;
              case Error e -> throw e;
              default -> throw new AssertionError(failure);
            }
          }
        };
    boolean failed = false;
    try {
      rig.move(region, target);
    } catch (MemoryException | IllegalStateException e) {
      failed = true;
    }
    rig.probe = Step.Probe.NONE;
    assertEquals(
        reached.get() && fatal != Step.EXCHANGED && fatal != Step.RELEASED,
        failed,
        fatal + " " + failure);
    assertEquals(failed ? source.name() : target, region.managedInfo().backend());
    Rig.check(region, 7);
    assertEquals(
        1,
        memory.openRegions() + files.openRegions() + otherFiles.openRegions(),
        "one backend's region under one managed region");
    assertEquals(Rig.SIZE, rig.provider.statistics().openBytes());
    Rig.fill(region, 8);
    rig.move(region, target);
    Rig.check(region, 8);
    region.close();
    assertEquals(0, rig.provider.statistics().openRegions());
  }

  @Test
  void interruptCancelsAndStaysSet() throws Exception {
    ManagedRegion region = rig.filled(1);
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED || step == Step.COPYING) {
            Thread.currentThread().interrupt();
          }
        };
    assertThrows(MemoryException.class, () -> rig.move(region, "files"));
    assertTrue(Thread.interrupted());
    assertEquals(0, files.openRegions());
    Rig.check(region, 1);
  }

  @Test
  void resizeAndConditionsSurviveAMove() throws Exception {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(8192).withSharing(Sharing.SHARED));
    region.resize(Rig.SIZE);
    Rig.fill(region, 9);
    rig.move(region, "files");
    assertEquals(Rig.SIZE, region.byteSize());
    Rig.check(region, 9);
    region.resize(4096);
    Rig.check(region, 9);
    assertEquals(4096, rig.provider.statistics().openBytes());
    assertEquals(4096, files.statistics().openBytes());
  }

  private static long unfilled(InMemoryProvider backend) {
    return backend.faults().calls().stream().filter("allocate unfilled"::equals).count();
  }

  private static long loadedBytes(InMemoryProvider backend) {
    return backend.faults().calls("load").stream()
        .mapToLong(call -> Long.parseLong(call.substring("load ".length())))
        .sum();
  }

  /** Where the target's space comes with its content, the zeros are content too. */
  @Test
  void anUnfilledTargetIsGivenAllOfIt() throws Exception {
    InMemoryProvider late = InMemoryProvider.memory("late").reservingByWriting();
    rig.add(late, 1);
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE));
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG, Rig.SIZE - 8, 77);
    }
    rig.move(region, "late");
    assertEquals(1, unfilled(late));
    assertEquals(Rig.SIZE, loadedBytes(late));
    try (Access access = region.acquire()) {
      assertEquals(77, access.segment().get(JAVA_LONG, Rig.SIZE - 8));
    }
    ManagedRegion view = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withSharing(Sharing.PRIVATE));
    rig.move(view, "late");
    assertEquals(1, unfilled(late), "private memory has no disk space to take");
  }

  @Test
  void aDiskThatIsFullInTheMiddleLeavesTheRegionWhereItWas() throws Exception {
    InMemoryProvider late = InMemoryProvider.memory("late").reservingByWriting();
    rig.add(late, 1);
    late.faults()
        .before(
            call -> {
              if (loadedBytes(late) > Rig.SIZE / 2) {
                throw MemoryException.of("write", "late", "ENOSPC", "free space");
              }
            },
            "load");
    ManagedRegion region = rig.filled(5);
    MemoryException e = assertThrows(MemoryException.class, () -> rig.move(region, "late"));
    assertTrue(e.getMessage().contains("ENOSPC"), e.getMessage());
    assertEquals("memory", region.managedInfo().backend());
    assertEquals(0, late.openRegions());
    Rig.check(region, 5);
    Rig.fill(region, 6);
    late.faults().clear();
    rig.move(region, "late");
    Rig.check(region, 6);
  }

  @Test
  void listenersAreTold() throws Exception {
    List<String> news = new ArrayList<>();
    MoveListener listener =
        new MoveListener() {
          @Override
          public void started(long regionId, String from, String to) {
            news.add("started " + from + " " + to);
          }

          @Override
          public void finished(MoveResult result) {
            news.add("finished " + result.to());
          }

          @Override
          public void failed(long regionId, String from, String to, String reason) {
            news.add("failed " + reason);
            throw new IllegalStateException("a listener's own fault");
          }
        };
    rig.regions.moves().add(listener);
    ManagedRegion region = rig.filled(1);
    rig.move(region, "files");
    memory.faults().fail("ENOMEM", "allocate", "open", "apply");
    assertThrows(MemoryException.class, () -> rig.move(region, "memory"));
    assertEquals(
        List.of(
            "started memory files",
            "finished files",
            "started files memory",
            "failed allocate memory: ENOMEM"),
        news);
  }
}
