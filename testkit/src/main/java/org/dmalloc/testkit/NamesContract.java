/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoredRegion;
import org.jspecify.annotations.Nullable;
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

  @Test
  void aRegionOfNoBytesIsOneToo() throws Exception {
    try (MemoryRegion region = allocate(0)) {
      assertEquals(0, region.byteSize());
      assertEquals(0, region.length());
      try (Access access = region.acquire()) {
        assertEquals(0, access.segment().byteSize());
      }
      region.setLength(0);
      assertThrowsOneLine(IllegalArgumentException.class, () -> region.setLength(1));
      if (declares(Capability.FORCE)) {
        region.force();
      }
    }
    if (declares(Capability.NAMED)) {
      allocate(NAME, 0).close();
      assertEquals(0, stored(NAME).byteSize());
      assertEquals(StoredRegion.State.CLOSED, stored(NAME).state());
      try (MemoryRegion region = provider().open(NAME)) {
        assertEquals(0, region.byteSize());
        assertEquals(0, region.length());
      }
      provider().delete(NAME);
    }
  }

  @Test
  void aRegionOfNoBytesGrowsAndShrinks() throws Exception {
    assumeDeclared(Capability.NAMED, Capability.RESIZE);
    try (MemoryRegion region = allocate(NAME, 0)) {
      region.resize(PAGE + 1);
      assertEquals(PAGE + 1, region.length());
      Pattern.write(region, 43);
      region.resize(0);
      assertEquals(0, region.byteSize());
      region.resize(3);
      try (Access access = region.acquire()) {
        assertEquals(0, access.segment().get(ValueLayout.JAVA_BYTE, 0));
      }
      region.resize(0);
    }
    assertEquals(0, stored(NAME).byteSize());
  }

  private static void assertFree(MemoryProvider provider, String name) throws Exception {
    assertEquals(Optional.empty(), provider.stored(name, null));
    assertThrowsOneLine(MemoryException.class, () -> provider.open(name));
  }

  @Test
  void aClosedRegionGetsAnotherName() throws Exception {
    assumeDeclared(Capability.NAMED);
    for (NameDurability durable : NameDurability.values()) {
      String name = NAME + durable;
      store(name, 2 * PAGE, 44);
      provider().rename(name, name + " 2", durable, null);
      assertFree(provider(), name);
      assertStored(name + " 2", 44);
      provider().rename(name + " 2", name + " 2", durable, null);
      assertStored(name + " 2", 44);
      store(name, PAGE, 45); // the old name is free
      assertStored(name, 45);
    }
    assertSays(assertRefused(() -> rename("nothing", "other")), "no such region");
    assertRefused(IllegalArgumentException.class, () -> rename(NAME + "NOW", ""));
    try (MemoryRegion region = provider().open(NAME + "NOW")) {
      assertRefused(() -> rename(NAME + "NOW", "other"));
      Pattern.check(region, 45);
    }
  }

  private void rename(String name, String newName) throws MemoryException {
    provider().rename(name, newName, NameDurability.NOW, null);
  }

  @Test
  void aNameThatIsTakenIsNotGivenAgain() throws Exception {
    assumeDeclared(Capability.NAMED);
    store("a", PAGE, 46);
    store("b", 2 * PAGE, 47);
    assertRefused(() -> rename("a", "b"));
    assertStored("a", 46);
    assertStored("b", 47);
    try (MemoryRegion a = provider().open("a");
        MemoryRegion b = provider().open("b")) {
      assertRefused(() -> a.rename("b"));
      assertRefused(() -> b.rename("a"));
      assertEquals("a", a.info().name());
      Pattern.check(a, 46);
      Pattern.check(b, 47);
    }
    assertStored("a", 46);
    assertStored("b", 47);
  }

  @Test
  void anOpenRegionHasItsNewNameAtOnce() throws Exception {
    assumeDeclared(Capability.NAMED);
    for (NameDurability durable : NameDurability.values()) {
      RegionRequest request =
          RegionRequest.ofSize(2 * PAGE).withName("a").withNameDurability(durable);
      try (MemoryRegion region = provider().allocate(request)) {
        Pattern.write(region, 48);
        Path before = Objects.requireNonNull(region.info().path());
        region.rename("b");
        RegionInfo info = region.info();
        assertEquals("b", info.name());
        assertNotEquals(before, info.path());
        assertTrue(Files.exists(Objects.requireNonNull(info.path())));
        assertFalse(Files.exists(before));
        assertEquals(Optional.empty(), region.detached());
        assertEquals(StoredRegion.State.OPEN, stored("b").state());
        assertFree(provider(), "a");
        assertRefused(() -> provider().open("b"));
        Pattern.check(region, 48);
        Pattern.write(region, 49);
        if (declares(Capability.FORCE)) {
          region.force();
        }
        if (declares(Capability.RESIZE)) {
          region.resize(3 * PAGE);
          region.resize(2 * PAGE);
        }
        region.rename("b");
        assertThrowsOneLine(IllegalArgumentException.class, () -> region.rename(""));
      }
      assertStored("b", 49);
      provider().delete("b");
    }
  }

  @Test
  void onlyAWriterOfANamedRegionRenamesIt() throws Exception {
    assumeDeclared(Capability.NAMED);
    try (MemoryRegion unnamed = allocate(PAGE)) {
      assertThrowsOneLine(IllegalStateException.class, () -> unnamed.rename("a"));
    }
    store("a", PAGE, 50);
    if (declares(Capability.READ_ONLY)) {
      try (MemoryRegion region = provider().open(OpenRequest.of("a").readOnly())) {
        assertThrowsOneLine(IllegalStateException.class, () -> region.rename("b"));
      }
    }
    if (declares(Capability.PRIVATE_MAPPING)) {
      OpenRequest request = OpenRequest.of("a").withSharing(Sharing.PRIVATE);
      try (MemoryRegion region = provider().open(request)) {
        assertThrowsOneLine(IllegalStateException.class, () -> region.rename("b"));
      }
    }
    assertStored("a", 50);
  }

  @Test
  void anOpenRegionLosesItsNameAndKeepsItsBytes() throws Exception {
    assumeDeclared(Capability.NAMED);
    Deletion open = Deletion.DEFAULT.withWhileOpen(true);
    for (NameDurability durable : NameDurability.values()) {
      try (MemoryRegion region = allocate(NAME, 2 * PAGE)) {
        Pattern.write(region, 51);
        assertRefused(() -> provider().delete(NAME, Deletion.DEFAULT.withDurability(durable)));
        provider().delete(NAME, open.withDurability(durable));
        assertFree(provider(), NAME);
        assertTrue(region.detached().isPresent());
        Pattern.check(region, 51);
        store(NAME, PAGE, 52); // the name is free at once
        assertTrue(region.detached().isPresent());
        Pattern.check(region, 51);
        Pattern.write(region, 53);
        if (declares(Capability.FORCE)) {
          assertThrowsOneLine(MemoryException.class, region::force);
        }
        assertThrowsOneLine(MemoryException.class, () -> region.rename("again"));
      }
      assertStored(NAME, 52); // untouched by the one that was closed
      provider().delete(NAME, open.withDurability(durable)); // closed ones too
      assertFree(provider(), NAME);
      assertEquals(List.of(), provider().stored());
    }
    assertSays(assertRefused(() -> provider().delete(NAME, open)), "no such region");
  }

  @Test
  void anotherDirectoryIsListedRenamedAndDeletedIn() throws Exception {
    assumeDeclared(Capability.NAMED, Capability.DIRECTORY);
    Path elsewhere = Files.createDirectory(directory().resolve("elsewhere"));
    store("here", PAGE, 54);
    RegionRequest request = RegionRequest.ofSize(PAGE).withDirectory(elsewhere);
    for (String name : List.of("b", "a")) {
      try (MemoryRegion region = provider().allocate(request.withName(name))) {
        Pattern.write(region, 55);
        if (name.equals("a")) {
          region.rename("c");
          assertTrue(Objects.requireNonNull(region.info().path()).startsWith(elsewhere));
        }
      }
    }
    assertEquals(List.of("b", "c"), names(elsewhere));
    assertEquals(List.of("here"), names(null));
    provider().rename("b", "d", NameDurability.NOW, elsewhere);
    assertEquals(List.of("c", "d"), names(elsewhere));
    assertEquals("d", provider().stored("d", elsewhere).orElseThrow().name());
    assertEquals(Optional.empty(), provider().stored("d", null));
    assertStored(OpenRequest.of("d").withDirectory(elsewhere), 55);
    Deletion there = Deletion.DEFAULT.withDirectory(elsewhere);
    assertRefused(() -> provider().delete("here", there));
    provider().delete("c", there);
    provider().delete("d", there.withWhileOpen(true));
    assertEquals(List.of(), names(elsewhere));
    assertEquals(List.of("here"), names(null));
    assertRefused(() -> provider().stored(directory().resolve("missing")));
    assertRefused(() -> provider().stored("x", directory().resolve("missing")));
  }

  private List<String> names(@Nullable Path in) throws MemoryException {
    return provider().stored(in).stream().map(StoredRegion::name).toList();
  }

  @Test
  void ofManyWhoWantANameOneGetsIt() throws Exception {
    assumeDeclared(Capability.NAMED);
    int many = 8;
    List<MemoryRegion> regions = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      MemoryRegion region = allocate("r" + i, PAGE);
      Pattern.write(region, i);
      regions.add(region);
    }
    AtomicInteger winners = new AtomicInteger();
    Crew crew = new Crew();
    for (MemoryRegion region : regions) {
      crew.start(
          () -> {
            try {
              region.rename("won");
              winners.incrementAndGet();
            } catch (MemoryException e) {
              assertSays(e, "taken");
            }
          });
    }
    crew.end();
    assertEquals(1, winners.get());
    for (int i = 0; i < many; i++) {
      MemoryRegion region = regions.get(i);
      Pattern.check(region, i);
      assertEquals(Optional.empty(), region.detached());
      region.close();
      assertStored(Objects.requireNonNull(region.info().name()), i);
    }
    assertEquals(many, provider().stored().size());
  }

  @Test
  void namesThatArePutOffAreThereAtOnce() throws Exception {
    assumeDeclared(Capability.NAMED);
    RegionRequest request = putOff(NAME, 2 * PAGE);
    try (MemoryRegion region = provider().allocate(request)) {
      assertEquals(NameDurability.ON_FORCE, region.info().options().nameDurability());
      assertEquals(StoredRegion.State.OPEN, stored(NAME).state());
      assertRefused(() -> provider().allocate(request));
      Pattern.write(region, 61);
      region.setLength(PAGE);
      if (declares(Capability.RESIZE)) {
        region.resize(5 * PAGE);
        region.resize(3 * PAGE);
        region.resize(2 * PAGE);
        assertEquals(PAGE, region.length());
      }
    }
    assertEquals(PAGE, stored(NAME).length());
    assertStored(OpenRequest.of(NAME).withNameDurability(NameDurability.ON_FORCE), 61);
    assertStored(NAME, 61);
    assertEquals(PAGE, stored(NAME).length());
    try (MemoryRegion region = provider().open(NAME)) {
      assertEquals(NameDurability.NOW, region.info().options().nameDurability());
    }
    provider().delete(NAME, Deletion.DEFAULT.withDurability(NameDurability.ON_FORCE));
    assertFree(provider(), NAME);
    store(NAME, PAGE, 62);
    assertStored(NAME, 62);
  }

  private static RegionRequest putOff(String name, long byteSize) {
    return RegionRequest.ofSize(byteSize)
        .withName(name)
        .withNameDurability(NameDurability.ON_FORCE);
  }

  /** Few and many, open and closed, changed and deleted: none of it goes wrong by being forced. */
  @Test
  void forcedNamesAreAsTheyWere() throws Exception {
    assumeDeclared(Capability.NAMED);
    Deletion gone = Deletion.DEFAULT.withDurability(NameDurability.ON_FORCE);
    provider().forceNames();
    for (int many : new int[] {2, 12}) {
      List<MemoryRegion> open = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        MemoryRegion region = provider().allocate(putOff("open" + i, 2 * PAGE));
        Pattern.write(region, i);
        open.add(region);
        provider().allocate(putOff("closed" + i, PAGE)).close();
      }
      MemoryRegion first = open.getFirst();
      first.setLength(PAGE + 3);
      first.rename("renamed");
      provider().delete("closed0", gone);
      provider().delete("open1", gone.withWhileOpen(true));
      try (MemoryRegion reopened = provider().open("closed1")) {
        assertThrowsOneLine(MemoryException.class, () -> provider().open("closed1"));
        provider().forceNames();
        assertThrowsOneLine(MemoryException.class, () -> provider().open("closed1"));
        Pattern.write(reopened, 63);
      }
      assertEquals(PAGE + 3, first.length());
      for (int i = 0; i < many; i++) {
        Pattern.check(open.get(i), i);
        open.get(i).close();
      }
      provider().forceNames();
      assertEquals(2 * many - 2, provider().stored().size());
      assertEquals(PAGE + 3, stored("renamed").length());
      assertStored("renamed", 0);
      assertStored("closed1", 63);
      for (StoredRegion region : provider().stored()) {
        assertEquals(StoredRegion.State.CLOSED, region.state(), region.name());
        provider().delete(region.name(), gone);
      }
      provider().forceNames();
      assertEquals(List.of(), provider().stored());
    }
  }

  @Test
  void aForceOfARegionForcesItsName() throws Exception {
    assumeDeclared(Capability.NAMED, Capability.FORCE);
    try (MemoryRegion region = provider().allocate(putOff(NAME, 2 * PAGE))) {
      Pattern.write(region, 64);
      region.force(PAGE, PAGE);
      region.setLength(7);
      region.force();
      region.force();
      region.rename("other");
      region.force();
    }
    assertStored("other", 64);
    assertEquals(7, stored("other").length());
    if (declares(Capability.READ_ONLY)) {
      OpenRequest reader =
          OpenRequest.of("other").readOnly().withNameDurability(NameDurability.ON_FORCE);
      try (MemoryRegion region = provider().open(reader)) {
        region.force();
        Pattern.check(region, 64);
      }
    }
  }

  @Test
  void namesOfAStoppedProviderAreNotForced() throws Exception {
    assumeDeclared(Capability.NAMED);
    MemoryProvider second = start(ProviderSettings.in(directory()));
    stop(second);
    assertThrowsOneLine(IllegalStateException.class, second::forceNames);
    assertThrowsOneLine(
        IllegalStateException.class, () -> second.rename("a", "b", NameDurability.NOW, null));
    assertThrowsOneLine(IllegalStateException.class, () -> second.delete("a", Deletion.DEFAULT));
  }
}
