/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PanamaProviderTest {
  private static final long MIB = 1L << 20;
  private static final long PAGE = Platform.pageSize();

  @TempDir Path directory;
  private PanamaProvider provider;

  @BeforeEach
  void start() throws MemoryException {
    provider = new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
  }

  @Test
  void hasExactlyTheseCapabilities() {
    Set<Capability> expected =
        EnumSet.of(
            Capability.NAMED,
            Capability.READ_ONLY,
            Capability.SHARED_MAPPING,
            Capability.PRIVATE_MAPPING,
            Capability.SPARSE,
            Capability.DIRECTORY,
            Capability.FORCE,
            Capability.SYNC,
            Capability.ADVICE,
            Capability.HUGE_PAGES,
            Capability.PREFAULT,
            Capability.LOCKED,
            Capability.PREFETCH,
            Capability.RESIDENCY,
            Capability.RELEASE,
            Capability.RESIDENT_BUDGET,
            Capability.RESIZE,
            Capability.PUNCH,
            Capability.GROW_IN_PLACE,
            Capability.CHECKPOINT,
            Capability.DIRTY_TRACKING,
            Capability.PROCESS_SHARED);
    if (!Mapping.tracksWrites()) {
      expected.remove(Capability.DIRTY_TRACKING); // declared where the kernel lets it work
    }
    assertEquals(expected, provider.capabilities());
    assertEquals(EnumSet.allOf(Advice.class), provider.supportedAdvice());
    assertEquals("panama", provider.name());
  }

  @Test
  void aReadOnlyRegionForcesWhatOthersHaveStored() throws MemoryException {
    MemoryRegion writer = provider.allocate(RegionRequest.ofSize(4 * MIB).withName("orders"));
    try (Access access = writer.acquire()) {
      access.segment().fill((byte) 7);
    }
    assumeTrue(writer.residency().dirtyBytes() > 0, "the kernel does not tell, or was quick");
    writer.close();
    try (MemoryRegion reader = provider.open(OpenRequest.of("orders").readOnly())) {
      reader.force();
      assertEquals(0, reader.residency().dirtyBytes());
    }
  }

  @Test
  void theComponentStartsWithoutConfigurationAndHasAStore() throws IOException {
    String description;
    try (InputStream in =
        assertPresent(
            getClass()
                .getResourceAsStream("/OSGI-INF/org.dmalloc.backend.panama.PanamaProvider.xml"))) {
      description = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    assertTrue(description.contains("name=\"dmalloc.capability\""), description);
    assertTrue(description.contains("value=\"NAMED\""), description);
    assertTrue(description.contains("configuration-pid=\"org.dmalloc.backend.panama\""));
    assertFalse(
        description.contains("configuration-policy=\"require\""), "starts without configuration");
  }

  @Test
  void anUnnamedRegionHasNoFileEvenWhileItIsOpen() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(MIB))) {
      assertNull(region.info().path());
      assertTrue(region.info().backing().endsWith(" file without a name"));
      assertEquals("MAP_SHARED", region.info().mapping());
      assertEquals(List.of(), files());
    }
  }

  @Test
  void spaceIsTakenAtAllocationUnlessSparseOrNeverStored() throws IOException {
    try (MemoryRegion reserved = provider.allocate(RegionRequest.ofSize(8 * MIB).withName("a"));
        MemoryRegion sparse =
            provider.allocate(
                RegionRequest.ofSize(8 * MIB).withName("b").withReservation(Reservation.SPARSE))) {
      assertTrue(blocks(reserved) >= 8 * MIB, "reserved " + blocks(reserved));
      assertTrue(blocks(sparse) < MIB, "sparse " + blocks(sparse));
      assertEquals(Reservation.SPARSE, sparse.info().reservation());
    }
    try (MemoryRegion sparse = provider.open("b")) {
      assertEquals(Reservation.SPARSE, sparse.info().reservation());
      sparse.resize(16 * MIB);
      assertTrue(blocks(sparse) < MIB, "still sparse " + blocks(sparse));
    }
    try (MemoryRegion reserved = provider.open("a")) {
      reserved.resize(16 * MIB);
      assertTrue(blocks(reserved) >= 16 * MIB, "grown " + blocks(reserved));
      reserved.resize(MIB);
      assertTrue(blocks(reserved) < 4 * MIB, "shrunk " + blocks(reserved));
    }
  }

  @Test
  void aPrivateRegionThatIsNeverStoredTakesNoSpace() throws IOException {
    RegionRequest request = RegionRequest.ofSize(64 * MIB).withSharing(Sharing.PRIVATE);
    try (MemoryRegion region = provider.allocate(request)) {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 7);
      }
      assertTrue(blocks(openDescriptor()) < MIB, "taken " + blocks(openDescriptor()));
    }
    try (MemoryRegion region = provider.allocate(request.withSharing(Sharing.SHARED))) {
      assertEquals(64 * MIB, region.byteSize());
      assertTrue(blocks(openDescriptor()) >= 64 * MIB, "taken " + blocks(openDescriptor()));
    }
  }

  @Test
  void hugeRegionsStartAtAHugePage() throws IOException {
    RegionRequest request =
        RegionRequest.ofSize(6 * MIB).withName("huge").withPageSize(PageSize.HUGE);
    try (MemoryRegion region = provider.allocate(request)) {
      try (Access access = region.acquire()) {
        assertEquals(0, access.segment().address() % Platform.hugePageSize());
      }
      region.resize(64 * MIB);
      assertEquals(0, region.segment().address() % Platform.hugePageSize());
      assertEquals(PageSize.HUGE, region.info().pageSize());
    }
  }

  @Test
  void withoutDaxSyncIsOnForceAndSaysSo() throws IOException {
    RegionRequest request = RegionRequest.ofSize(MIB).withDurability(Durability.SYNC);
    try (MemoryRegion region = provider.allocate(request)) {
      boolean dax =
          Files.readAllLines(Path.of("/proc/self/smaps")).stream()
              .anyMatch(line -> line.startsWith("VmFlags") && line.contains(" sf"));
      assertEquals(dax ? Durability.SYNC : Durability.ON_FORCE, region.info().durability());
      assertEquals(dax ? "MAP_SHARED_VALIDATE | MAP_SYNC" : "MAP_SHARED", region.info().mapping());
      region.force();
    }
  }

  @Test
  void prefetchBringsInWhatWasAnnouncedAndNoMore() throws IOException {
    RegionRequest request =
        RegionRequest.ofSize(32 * MIB).withName("cold").withPattern(AccessPattern.RANDOM);
    try (MemoryRegion region = provider.allocate(request)) {
      try (Access access = region.acquire()) {
        for (long offset = 0; offset < 32 * MIB; offset += PAGE) {
          access.segment().set(JAVA_LONG, offset, offset);
        }
      }
      region.force();
      region.advise(Advice.PAGE_OUT);
      Residency cold = region.residency();
      assertTrue(cold.residentBytes() < MIB, cold.toString());
      long[] offsets = new long[1100];
      for (int i = 0; i < offsets.length; i++) {
        offsets[i] = 5L * i * PAGE;
      }
      region.prefetch(offsets, 8);
      Residency announced = region.residency();
      assertTrue(announced.residentBytes() >= 1100 * PAGE, announced.toString());
      assertTrue(announced.residentBytes() < 1500 * PAGE, announced.toString());
      try (Access access = region.acquire()) {
        for (long offset : offsets) {
          assertEquals(offset, access.segment().get(JAVA_LONG, offset));
        }
      }
    }
  }

  @Test
  void residencyTellsDirtyAndMappedPages() throws IOException {
    RegionRequest request = RegionRequest.ofSize(4 * MIB).withPattern(AccessPattern.RANDOM);
    try (MemoryRegion region = provider.allocate(request)) {
      try (Access access = region.acquire()) {
        access.segment().asSlice(0, 16 * PAGE).fill((byte) 1);
      }
      Residency written = region.residency();
      assertEquals(16 * PAGE, written.dirtyBytes(), written.toString());
      assertEquals(16 * PAGE, written.mappedBytes(), written.toString());
      region.force(0, 8 * PAGE);
      assertEquals(8 * PAGE, region.residency().dirtyBytes());
      region.force();
      assertEquals(0, region.residency().dirtyBytes());
    }
  }

  @Test
  void prefaultMapsEveryPage() throws IOException {
    try (MemoryRegion region =
        provider.allocate(RegionRequest.ofSize(4 * MIB).withName("a").prefaulted())) {
      assertEquals(4 * MIB, region.residency().mappedBytes());
      region.force();
    }
    try (MemoryRegion region = provider.open(OpenRequest.of("a").prefaulted())) {
      assertEquals(4 * MIB, region.residency().mappedBytes());
      assertEquals(0, region.residency().dirtyBytes());
    }
  }

  @Test
  void progressOfReservingAndPrefaultingIsOneGrowingCount() throws IOException {
    List<Long> done = new ArrayList<>();
    Set<Long> totals = new TreeSet<>();
    RegionRequest request =
        RegionRequest.ofSize(130 * MIB)
            .prefaulted()
            .withProgress(
                (bytes, total) -> {
                  done.add(bytes / MIB);
                  totals.add(total / MIB);
                });
    provider.allocate(request).close();
    assertEquals(List.of(130L, 194L, 258L, 260L), done);
    assertEquals(Set.of(260L), totals);
  }

  @Test
  void growsWhereAdviceWasGivenForAPart() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(8 * MIB).withName("a"))) {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 7);
      }
      region.advise(Advice.RANDOM, MIB, MIB);
      region.advise(Advice.SEQUENTIAL, 4 * MIB, MIB);
      region.resize(20 * MIB + 5);
      region.resize(6 * MIB + 5);
      try (Access access = region.acquire()) {
        assertEquals(7, access.segment().get(JAVA_BYTE, 6 * MIB + 4));
      }
    }
    try (MemoryRegion region = provider.open("a")) {
      assertEquals(6 * MIB + 5, region.byteSize());
      assertEquals(7, region.segment().get(JAVA_BYTE, 0));
    }
  }

  @Test
  void aResizeThatNoDiskCanHoldLeavesTheRegionAsItWas() throws IOException {
    for (String name : new String[] {"named", ""}) {
      RegionRequest request = RegionRequest.ofSize(MIB);
      try (MemoryRegion region =
          provider.allocate(name.isEmpty() ? request : request.withName(name))) {
        try (Access access = region.acquire()) {
          access.segment().fill((byte) 7);
        }
        for (long byteSize : new long[] {1L << 43, 1L << 60, Long.MAX_VALUE}) {
          assertThrows(MemoryException.class, () -> region.resize(byteSize));
        }
        assertEquals(MIB, region.byteSize());
        assertEquals(MIB, provider.statistics().openBytes());
        try (Access access = region.acquire()) {
          assertEquals(7, access.segment().get(JAVA_BYTE, MIB - 1));
        }
        region.resize(2 * MIB);
        region.force();
      }
    }
  }

  @Test
  void aFileCutShortUnderAMappingIsAnErrorAndTheJvmLives() throws IOException {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(8 * MIB).withName("cut"))) {
      Path path = assertPresent(region.info().path());
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 7);
      }
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(4 * MIB);
      }
      try (Access access = region.acquire()) {
        assertEquals(7, access.segment().get(JAVA_BYTE, MIB));
        assertThrows(InternalError.class, () -> access.segment().get(JAVA_BYTE, 6 * MIB));
      }
      MemoryException force = assertThrows(MemoryException.class, region::force);
      assertTrue(String.valueOf(force.getMessage()).contains("cut"), force.getMessage());
      MemoryException populate =
          assertThrows(MemoryException.class, () -> region.advise(Advice.POPULATE_WRITE));
      assertTrue(String.valueOf(populate.getMessage()).contains("EFAULT (14)"));
      assertThrows(MemoryException.class, () -> region.resize(16 * MIB));
      assertThrows(MemoryException.class, () -> region.resize(6 * MIB));
      assertEquals(8 * MIB, region.byteSize());
    }
    assertThrows(MemoryException.class, () -> provider.open("cut"));
  }

  @Test
  void aConfiguredPatternStandsInForAuto() throws IOException {
    PanamaSettings defaults = PanamaSettings.in(RegionStore.open(directory));
    PanamaProvider random =
        new PanamaProvider(
            new PanamaSettings(
                "random",
                defaults.store(),
                defaults.quotas(),
                AccessPattern.RANDOM,
                defaults.sectionTimeout(),
                MemoryCheck.REFUSE));
    try (MemoryRegion plain = random.allocate(RegionRequest.ofSize(MIB));
        MemoryRegion scan =
            random.allocate(RegionRequest.ofSize(MIB).withPattern(AccessPattern.SEQUENTIAL))) {
      assertEquals("random", plain.info().backend());
      assertEquals(AccessPattern.RANDOM, plain.info().pattern());
      assertEquals(AccessPattern.SEQUENTIAL, scan.info().pattern());
    }
    RegionRequest normal = RegionRequest.ofSize(MIB).withPattern(AccessPattern.NORMAL);
    try (MemoryRegion region = random.allocate(normal)) {
      assertEquals(AccessPattern.NORMAL, region.info().pattern());
    }
  }

  @Test
  void twoInstancesKeepTheirDirectoriesApart() throws IOException {
    Path other = Files.createDirectory(directory.resolve("other"));
    PanamaProvider second = new PanamaProvider(PanamaSettings.in(RegionStore.open(other)));
    try (MemoryRegion one = provider.allocate(RegionRequest.ofSize(MIB).withName("same"));
        MemoryRegion two = second.allocate(RegionRequest.ofSize(2 * MIB).withName("same"))) {
      assertNotEquals(one.info().path(), two.info().path());
      assertNotEquals(one.id(), two.id());
    }
    assertEquals(MIB, provider.stored().getFirst().byteSize());
    assertEquals(2 * MIB, second.stored().getFirst().byteSize());
    provider.stop();
    assertThrows(IllegalStateException.class, () -> provider.open("same"));
    second.open("same").close();
  }

  @Test
  void verifyTellsHowPrefetchIsDone() throws IOException {
    assertTrue(
        provider.verify().stream()
            .anyMatch(f -> f.subject().equals("prefetch") && f.message().contains("madvise")));
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  /** The one file of the directory that this process has open. */
  private Path openDescriptor() throws IOException {
    Path descriptors = Path.of("/proc/" + ProcessHandle.current().pid() + "/fd");
    List<Path> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(descriptors)) {
      for (Path descriptor : all.toList()) {
        try {
          if (Files.readSymbolicLink(descriptor).startsWith(directory)) {
            found.add(descriptor);
          }
        } catch (NoSuchFileException e) {
          // Another thread's, or the listing's own, closed since.
        }
      }
    }
    assertEquals(1, found.size(), found.toString());
    return found.getFirst();
  }

  private static long blocks(MemoryRegion region) throws IOException {
    return blocks(assertPresent(region.info().path()));
  }

  /** What a file takes on disk, in bytes. */
  private static long blocks(Path path) throws IOException {
    Process stat = new ProcessBuilder("stat", "-L", "-c", "%b", path.toString()).start();
    try (var reader = stat.inputReader(StandardCharsets.UTF_8)) {
      return 512 * Long.parseLong(assertPresent(reader.readLine()));
    }
  }

  private static <T> T assertPresent(@org.jspecify.annotations.Nullable T value) {
    assertNotNull(value);
    return value;
  }
}
