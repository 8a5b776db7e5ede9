/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of managed regions in several real stores: renamed, moved, deleted while open, forced. */
final class ManagedNamesTest {
  @TempDir Path directory;
  private final Rig rig = new Rig(30_000);
  private Path big;

  @BeforeEach
  void createStores() throws Exception {
    big = Files.createDirectory(directory.resolve("big"));
    rig.add(Rig.panama("fast", Files.createDirectory(directory.resolve("fast"))), 3);
    rig.add(Rig.panama("big", big), 2);
    rig.add(InMemoryProvider.memory("memory"), 1);
  }

  @AfterEach
  void close() {
    rig.regions.accounts().regions().forEach(MemoryRegion::close);
  }

  private ManagedRegion orders() throws MemoryException {
    return rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
  }

  private List<String> names() throws MemoryException {
    return rig.provider.stored().stream().map(StoredRegion::name).toList();
  }

  @Test
  void aRenamedRegionMovesUnderItsNewName() throws Exception {
    ManagedRegion region = orders();
    Rig.fill(region, 1);
    region.rename("invoices");
    assertEquals("invoices", region.info().name());
    assertEquals("region " + region.id() + " 'invoices'", region.toString());
    assertEquals(List.of("invoices"), names());
    String holder = rig.provider.stored().getFirst().detail();
    assertTrue(holder.contains("region " + region.id() + " 'invoices'"), holder);
    assertEquals(MoveMethod.COPY, rig.move(region, "big").method());
    assertEquals(big.resolve("invoices.region"), region.info().path());
    region.rename("bills");
    region.close();
    assertEquals(List.of("bills"), names());
    MemoryRegion again = rig.provider.open("bills");
    Rig.check(again, 1);
  }

  @Test
  void aNameThatIsTakenIsRefusedAndTheOldOneHolds() throws Exception {
    ManagedRegion region = orders();
    rig.allocate(RegionRequest.ofSize(1).withName("taken"));
    assertThrows(MemoryException.class, () -> region.rename("taken"));
    assertEquals("orders", region.info().name());
    assertThrows(IllegalArgumentException.class, () -> region.rename(""));
    rig.move(region, "big");
    assertEquals(big.resolve("orders.region"), region.info().path());
  }

  @Test
  void whatHasNoNameOfItsOwnIsNotRenamed() throws Exception {
    ManagedRegion unnamed = rig.allocate(RegionRequest.ofSize(1));
    assertTrue(
        assertThrows(IllegalStateException.class, () -> unnamed.rename("x"))
            .getMessage()
            .contains("has no name"));
    orders().close();
    MemoryRegion view = rig.provider.open(OpenRequest.of("orders").withSharing(Sharing.PRIVATE));
    assertTrue(
        assertThrows(IllegalStateException.class, () -> view.rename("x"))
            .getMessage()
            .contains("private view"));
    view.close();
    assertThrows(IllegalStateException.class, () -> view.rename("x"));
  }

  @Test
  void aRenameWaitsForTheEndOfAMoveWhichGoesOn() throws Exception {
    ManagedRegion region = orders();
    Rig.fill(region, 2);
    AtomicBoolean begun = new AtomicBoolean();
    List<Throwable> failures = new CopyOnWriteArrayList<>();
    Thread[] renaming = new Thread[1];
    rig.probe =
        (which, step) -> {
          if (step == Step.COPIED && begun.compareAndSet(false, true)) {
            renaming[0] =
                Thread.ofPlatform()
                    .start(
                        () -> {
                          try {
                            which.rename("invoices");
                          } catch (Throwable e) {
                            failures.add(e);
                          }
                        });
            while (renaming[0].getState() != Thread.State.TIMED_WAITING) {
              assertTrue(renaming[0].isAlive(), failures::toString);
              Thread.onSpinWait();
            }
          }
        };
    rig.move(region, "big");
    renaming[0].join();
    assertEquals(List.of(), failures);
    assertEquals(big.resolve("invoices.region"), region.info().path());
    Rig.check(region, 2);
  }

  @Test
  void aStoredRegionIsRenamedInTheStoreThatHasIt() throws Exception {
    ManagedRegion region = orders();
    rig.move(region, "big");
    MemoryException open =
        assertThrows(
            MemoryException.class,
            () -> rig.provider.rename("orders", "bills", NameDurability.NOW, null));
    assertTrue(open.getMessage().contains("open"), open.getMessage());
    region.close();
    rig.provider.rename("orders", "bills", NameDurability.ON_FORCE, null);
    rig.provider.forceNames();
    assertTrue(Files.exists(big.resolve("bills.region")));
    rig.provider.open("bills").close();
    orders().close();
    rig.regions
        .backend("big")
        .orElseThrow()
        .provider()
        .allocate(RegionRequest.ofSize(1).withName("orders"))
        .close();
    MemoryException twice =
        assertThrows(
            MemoryException.class,
            () -> rig.provider.rename("orders", "x", NameDurability.NOW, null));
    assertTrue(twice.getMessage().contains("it is in several stores"), twice.getMessage());
    assertThrows(
        MemoryException.class, () -> rig.provider.rename("none", "x", NameDurability.NOW, null));
  }

  @Test
  void anOpenRegionLosesItsNameAtOnceAndItsBytesAtItsEnd() throws Exception {
    ManagedRegion region = orders();
    Rig.fill(region, 3);
    assertThrows(MemoryException.class, () -> rig.provider.delete("orders"));
    rig.provider.delete("orders", Deletion.DEFAULT.withWhileOpen(true));
    assertEquals(List.of(), names());
    assertTrue(region.detached().isPresent());
    Rig.check(region, 3);
    ManagedRegion other = orders();
    Rig.fill(other, 4);
    Rig.check(region, 3);
    region.close();
    Rig.check(other, 4);
    assertEquals(List.of("orders"), names());
  }

  /** It would have its name again. */
  @Test
  void aRegionThatIsDeletedWhileItMovesStaysAndHasNoNameAgain() throws Exception {
    ManagedRegion region = orders();
    Rig.fill(region, 5);
    rig.probe =
        (which, step) -> {
          if (step == Step.ANNOUNCED) {
            rig.provider.delete("orders", Deletion.DEFAULT.withWhileOpen(true));
          }
        };
    MemoryException refused = assertThrows(MemoryException.class, () -> rig.move(region, "big"));
    assertTrue(refused.getMessage().contains("deleted"), refused.getMessage());
    rig.probe = Step.Probe.NONE;
    assertEquals(List.of(), names());
    assertEquals("fast", region.managedInfo().backend());
    Rig.check(region, 5);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    assertEquals(List.of(), names());
  }

  @Test
  void regionsInADirectoryOfTheirOwnAreListedRenamedAndDeleted() throws Exception {
    Path own = Files.createDirectory(directory.resolve("own"));
    rig.allocate(RegionRequest.ofSize(5).withName("orders").withDirectory(own)).close();
    assertEquals(List.of(), names());
    assertEquals(
        List.of(own.resolve("orders.region")),
        rig.provider.stored(own).stream().map(StoredRegion::path).toList());
    rig.provider.rename("orders", "bills", NameDurability.NOW, own);
    assertThrows(MemoryException.class, () -> rig.provider.delete("bills"));
    rig.provider.delete("bills", Deletion.DEFAULT.withDirectory(own));
    assertEquals(List.of(), rig.provider.stored(own));
  }

  @Test
  void namesOfAllStoresAreForcedThoughOneFails() throws Exception {
    Rig other = new Rig();
    InMemoryProvider one = InMemoryProvider.files("one", new InMemoryStore("/one"));
    InMemoryProvider two = InMemoryProvider.files("two", new InMemoryStore("/two"));
    other.add(one, 2);
    other.add(two, 1);
    other.add(InMemoryProvider.memory("memory"), 0);
    one.faults().fail("EIO", "forceNames");
    MemoryException refused =
        assertThrows(MemoryException.class, () -> other.provider.forceNames());
    assertTrue(refused.getMessage().contains("EIO"), refused.getMessage());
    assertEquals(1, two.faults().count("forceNames"));
    two.faults().fail("ENOSPC", "forceNames");
    assertEquals(
        1,
        assertThrows(MemoryException.class, () -> other.provider.forceNames())
            .getSuppressed()
            .length);
  }

  @Test
  void withoutAStoreThereAreNoNames() throws Exception {
    Rig plain = new Rig();
    plain.add(InMemoryProvider.memory("memory"), 1);
    MemoryProvider provider = plain.provider;
    assertEquals(
        Capability.NAMED,
        assertThrows(
                UnsupportedCapabilityException.class,
                () -> provider.rename("a", "b", NameDurability.NOW, null))
            .capability());
    plain.add(InMemoryProvider.files("files", new InMemoryStore("/disk")), 0);
    assertEquals(
        Capability.DIRECTORY,
        assertThrows(
                UnsupportedCapabilityException.class,
                () -> provider.delete("a", Deletion.DEFAULT.withDirectory(directory)))
            .capability());
    assertEquals(List.of(), provider.stored(directory));
    provider.forceNames();
    assertEquals(Set.of(), Set.copyOf(provider.regions()));
  }
}
