/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Named regions: reopen, listing, delete, odd names, damage. */
public abstract class StoreContract extends ContractTheme {
  /** Names that a naive store would lose, mix up, or let out of its directory. */
  private static final List<String> ODD_NAMES =
      List.of(
          " ",
          " lead and trail ",
          ".",
          "..",
          "../outside",
          "/etc/passwd",
          "a/b\\c",
          "A",
          "a",
          "CON",
          "dot.",
          "-rf",
          "--help",
          "*?[x]",
          "$HOME ~ `id`",
          "'single' \"double\"",
          "%41%2F%00",
          "a:b|c<d>",
          "x.region",
          "x.region.tmp",
          "0x1",
          "1 2",
          "\u00e9",
          "e\u0301",
          "\u65e5\u672c\u8a9e",
          "\ud83d\udc18",
          "x".repeat(80),
          "\u00fc".repeat(40));

  @BeforeEach
  final void assumeNamed() {
    assumeDeclared(Capability.NAMED);
  }

  @Test
  void reopensWithTheSameBytes() throws Exception {
    for (long byteSize : new long[] {1, PAGE - 1, PAGE, PAGE + 1, (1 << 20) + 17}) {
      String name = "size " + byteSize;
      try (MemoryRegion region = allocate(name, byteSize)) {
        assertEquals(name, region.info().name());
        Pattern.write(region, byteSize);
      }
      try (MemoryRegion region = provider().open(name)) {
        assertEquals(byteSize, region.byteSize());
        assertEquals(name, region.info().name());
        Pattern.check(region, byteSize);
      }
    }
  }

  @Test
  void anotherProviderOnTheSameDirectoryReopensIt() throws Exception {
    store("orders", 5 * PAGE, 21);
    MemoryProvider second = start(ProviderSettings.in(directory()));
    try (MemoryRegion region = second.open("orders")) {
      Pattern.check(region, 21);
      assertRefused(() -> provider().open("orders"));
    }
    assertStored("orders", 21);
  }

  @Test
  void requestMayNameAnotherDirectory() throws Exception {
    assumeDeclared(Capability.DIRECTORY);
    Path elsewhere = Files.createDirectory(directory().resolve("elsewhere"));
    RegionRequest request = RegionRequest.ofSize(PAGE).withName("orders").withDirectory(elsewhere);
    try (MemoryRegion region = provider().allocate(request)) {
      Pattern.write(region, 22);
      assertTrue(Objects.requireNonNull(region.info().path()).startsWith(elsewhere));
    }
    assertEquals(List.of(), provider().stored());
    assertRefused(() -> provider().open("orders"));
    assertStored(OpenRequest.of("orders").withDirectory(elsewhere), 22);
    Path missing = directory().resolve("missing");
    assertSays(assertRefused(() -> provider().allocate(request.withDirectory(missing))), "missing");
  }

  @Test
  void takenNameIsRefused() throws Exception {
    try (MemoryRegion region = allocate("orders", 2 * PAGE)) {
      Pattern.write(region, 23);
      assertRefused(() -> allocate("orders", PAGE));
      Pattern.check(region, 23);
    }
    assertSays(assertRefused(() -> allocate("orders", PAGE)), "orders");
    try (MemoryRegion region = provider().open("orders")) {
      assertEquals(2 * PAGE, region.byteSize());
      Pattern.check(region, 23);
    }
  }

  @Test
  void absentNameIsRefused() throws Exception {
    assertSays(assertRefused(() -> provider().open("no such region")), "no such region");
    assertRefused(() -> provider().delete("no such region"));
  }

  @Test
  void listingIsSortedAndTellsTheState() throws Exception {
    allocate("b", PAGE).close();
    allocate("c", 2 * PAGE).close();
    try (MemoryRegion a = allocate("a", 3 * PAGE)) {
      List<StoredRegion> stored = provider().stored();
      assertEquals(List.of("a", "b", "c"), stored.stream().map(StoredRegion::name).toList());
      assertEquals(
          List.of(3 * PAGE, PAGE, 2 * PAGE), stored.stream().map(StoredRegion::byteSize).toList());
      assertEquals(
          List.of(StoredRegion.State.OPEN, StoredRegion.State.CLOSED, StoredRegion.State.CLOSED),
          stored.stream().map(StoredRegion::state).toList());
      for (StoredRegion each : stored) {
        assertTrue(Files.isRegularFile(each.path()), each.path().toString());
        assertNotNull(each.createdAt());
      }
      assertEquals(stored.getFirst().path(), a.info().path());
      assertEquals(stored, provider().stored(null));
    }
    assertEquals(StoredRegion.State.CLOSED, provider().stored().getFirst().state());
  }

  @Test
  void unnamedRegionsAreNotListed() throws Exception {
    try (MemoryRegion region = allocate(PAGE)) {
      assertTrue(region.info().open());
      assertEquals(List.of(), provider().stored());
    }
  }

  @Test
  void deleteRemovesForGood() throws Exception {
    List<String> before = files();
    MemoryRegion region = allocate("orders", PAGE);
    Pattern.write(region, 24);
    assertRefused(() -> provider().delete("orders"));
    Pattern.check(region, 24);
    region.close();
    provider().delete("orders");
    assertEquals(List.of(), provider().stored());
    assertEquals(before, files());
    assertRefused(() -> provider().open("orders"));
    assertRefused(() -> provider().delete("orders"));
    try (MemoryRegion again = allocate("orders", 2 * PAGE)) {
      Pattern.checkZero(again);
    }
  }

  @Test
  void aFileThatIsNoRegionsIsNotDeleted() throws Exception {
    allocate("notes", PAGE).close();
    Path file = stored("notes").path();
    Files.delete(file);
    Files.writeString(file, "somebody's notes");
    assertRefused(() -> provider().delete("notes"));
    assertEquals("somebody's notes", Files.readString(file));
  }

  @Test
  void namesThatAreNotAllowedAreRefused() throws Exception {
    for (String name :
        List.of("", "12", "x".repeat(81), "a\nb", "nul\0", "half \ud83d", "\u00fc".repeat(41))) {
      assertThrows(IllegalArgumentException.class, () -> allocate(name, PAGE));
      assertThrows(IllegalArgumentException.class, () -> provider().open(name));
      assertThrows(IllegalArgumentException.class, () -> provider().delete(name));
    }
    assertEquals(List.of(), files());
  }

  @Test
  void oddNamesStayApartAndInside() throws Exception {
    Path store = Files.createDirectory(directory().resolve("store"));
    MemoryProvider inside = start(ProviderSettings.in(store));
    for (int i = 0; i < ODD_NAMES.size(); i++) {
      RegionRequest request = RegionRequest.ofSize(i + 10L).withName(ODD_NAMES.get(i));
      try (MemoryRegion region = inside.allocate(request)) {
        Pattern.write(region, i);
      }
    }
    assertEquals(
        ODD_NAMES.stream().sorted().toList(),
        inside.stored().stream().map(StoredRegion::name).toList());
    for (StoredRegion each : inside.stored()) {
      assertTrue(each.path().normalize().startsWith(store), each.toString());
    }
    assertEquals(
        List.of(), files().stream().filter(f -> !f.startsWith("store")).toList(), "outside");
    for (int i = 0; i < ODD_NAMES.size(); i++) {
      try (MemoryRegion region = inside.open(ODD_NAMES.get(i))) {
        assertEquals(i + 10L, region.byteSize(), ODD_NAMES.get(i));
        assertEquals(ODD_NAMES.get(i), region.info().name());
        Pattern.check(region, i);
      }
    }
    for (String name : ODD_NAMES) {
      inside.delete(name);
    }
    assertEquals(List.of(), inside.stored());
  }

  @Test
  void limitCountsOpenedRegions() throws Exception {
    allocate("large", 8 * PAGE).close();
    MemoryProvider limited = startLimited(4 * PAGE);
    assertThrowsOneLine(MemoryException.class, () -> limited.open("large"));
    assertEquals(0, limited.statistics().openBytes());
    provider().open("large").close();
  }

  @Test
  void healthyStoreHasNoErrors() throws Exception {
    allocate("orders", PAGE).close();
    List<StoreFinding> findings = provider().verify();
    assertFalse(findings.isEmpty());
    for (StoreFinding finding : findings) {
      assertNotEquals(StoreFinding.Severity.ERROR, finding.severity(), finding.toString());
      assertFalse(finding.subject().isBlank());
      assertFalse(finding.message().isBlank());
    }
  }

  @Test
  void fileCutShortIsRefusedListedAndReported() throws Exception {
    for (long keep : new long[] {0, 1, PAGE, 20 * PAGE}) {
      String name = "cut at " + keep;
      allocate(name, 40 * PAGE).close();
      Path file = stored(name).path();
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(keep);
      }
      assertRefused(() -> provider().open(name));
    }
    allocate("whole", PAGE).close();
    List<String> unusable = new ArrayList<>();
    for (StoredRegion each : provider().stored()) {
      if (each.state() == StoredRegion.State.UNUSABLE) {
        unusable.add(each.name());
        assertFalse(each.detail().isBlank(), "says why");
      }
    }
    assertEquals(4, unusable.size(), unusable.toString());
    assertEquals(StoredRegion.State.CLOSED, stored("whole").state());
    long errors =
        provider().verify().stream()
            .filter(f -> f.severity() == StoreFinding.Severity.ERROR)
            .count();
    assertTrue(errors >= 4, errors + " errors for 4 broken files");
    try (MemoryRegion region = provider().open("whole")) {
      Pattern.checkZero(region);
    }
  }

  @Test
  void namedPrivateRegionIsStoredEmpty() throws Exception {
    assumeDeclared(Capability.PRIVATE_MAPPING);
    RegionRequest request =
        RegionRequest.ofSize(2 * PAGE).withName("draft").withSharing(Sharing.PRIVATE);
    try (MemoryRegion region = provider().allocate(request)) {
      Pattern.writeAndCheck(region, 25);
    }
    try (MemoryRegion region = provider().open("draft")) {
      Pattern.checkZero(region);
    }
  }

  @Test
  void aRegionWhoseNameLeadsElsewhereSaysSo() throws Exception {
    assumeDeclared(Capability.FORCE);
    try (MemoryRegion region = allocate("orders", 3 * PAGE)) {
      Pattern.write(region, 26);
      region.force();
      assertEquals(Optional.empty(), region.detached());
      Path file = Objects.requireNonNull(region.info().path());
      Path aside = directory().resolve("aside");
      Files.move(file, aside);
      Files.copy(aside, file);
      assertFalse(region.detached().orElse("").isBlank(), "says what became of its file");
      assertThrowsOneLine(MemoryException.class, region::force);
      Files.delete(file);
      assertFalse(region.detached().orElse("").isBlank(), "says what became of its file");
      assertThrowsOneLine(MemoryException.class, region::force);
      Pattern.check(region, 26);
      Files.move(aside, file);
      assertEquals(Optional.empty(), region.detached());
      region.force();
    }
    assertStored("orders", 26);
  }

  private StoredRegion stored(String name) throws MemoryException {
    return provider().stored().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("not stored: " + name));
  }
}
