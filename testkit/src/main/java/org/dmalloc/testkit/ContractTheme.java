/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * One theme of the contract. Each test has a provider of its own in an empty directory, and must
 * leave it without open regions.
 */
public abstract class ContractTheme {
  /** The page size of every machine that the suite knows how to test. */
  static final long PAGE = 4096;

  /** The size of a huge page on x86-64 and on arm64 with 4 KiB pages. */
  static final long HUGE_PAGE = 2L << 20;

  @RegisterExtension
  final BeforeEachCallback findsContract =
      test ->
          contract =
              test.getRequiredTestInstances()
                  .findInstance(MemoryProviderContract.class)
                  .orElse(null);

  private @Nullable MemoryProviderContract contract;
  private Path directory;
  private ProviderFixture fixture;
  private MemoryProvider provider;
  private final List<MemoryProvider> running = new ArrayList<>();

  /**
   * The fixture of the provider under test, that of the contract around this; asked once a test.
   */
  protected ProviderFixture fixture() {
    return Objects.requireNonNull(contract, "override fixture()").fixture();
  }

  @BeforeEach
  final void startProvider(@TempDir Path emptyDirectory) throws Exception {
    directory = emptyDirectory;
    fixture = fixture();
    provider = start(ProviderSettings.in(emptyDirectory));
  }

  @AfterEach
  final void stopProviders() throws Exception {
    Thread.interrupted(); // a test that failed may have left the thread interrupted
    List<String> left = new ArrayList<>();
    for (MemoryProvider each : List.copyOf(running)) {
      for (MemoryRegion region : each.regions()) {
        left.add(region.info().toString());
        region.close();
      }
      if (each.statistics().openRegions() != 0 || each.statistics().openBytes() != 0) {
        left.add(each.statistics().toString());
      }
      stop(each);
    }
    assertEquals(List.of(), left, "regions and bytes left open by the test");
  }

  final MemoryProvider provider() {
    return provider;
  }

  final Path directory() {
    return directory;
  }

  final ProviderFixture testedFixture() {
    return fixture;
  }

  /** Starts one more provider; it is stopped after the test. */
  final MemoryProvider start(ProviderSettings settings) throws Exception {
    MemoryProvider started = fixture.start(settings);
    running.add(started);
    return started;
  }

  final MemoryProvider startLimited(long limitBytes) throws Exception {
    return start(ProviderSettings.in(directory).withLimitBytes(limitBytes));
  }

  /** Starts one that waits for sections for a short time only. */
  final MemoryProvider startImpatient() throws Exception {
    return start(ProviderSettings.in(directory).withSectionTimeout(Duration.ofMillis(200)));
  }

  /** Stops the provider the way it is stopped in production. */
  final void stop(MemoryProvider one) throws Exception {
    running.remove(one);
    fixture.stop(one);
  }

  final boolean declares(Capability capability) {
    return provider.capabilities().contains(capability);
  }

  /** Skips the test, with the reason logged, unless the provider declares the capabilities. */
  final void assumeDeclared(Capability... capabilities) {
    for (Capability capability : capabilities) {
      if (!declares(capability)) {
        Skip.because(provider.name() + " does not declare " + capability);
      }
    }
  }

  final MemoryRegion allocate(long byteSize) throws MemoryException {
    return provider.allocate(RegionRequest.ofSize(byteSize));
  }

  final MemoryRegion allocate(String name, long byteSize) throws MemoryException {
    return provider.allocate(RegionRequest.ofSize(byteSize).withName(name));
  }

  final MemoryRegion allocate(long byteSize, Sharing sharing) throws MemoryException {
    return provider.allocate(RegionRequest.ofSize(byteSize).withSharing(sharing));
  }

  /** The request with a long part and a name, as far as the provider has them. */
  final RegionRequest prefaultedAndNamed(RegionRequest request, String name) {
    RegionRequest prefaulted = declares(Capability.PREFAULT) ? request.prefaulted() : request;
    return declares(Capability.NAMED) ? prefaulted.withName(name) : prefaulted;
  }

  final void store(String name, long byteSize, long seed) throws MemoryException {
    try (MemoryRegion region = allocate(name, byteSize)) {
      Pattern.write(region, seed);
    }
  }

  final void assertStored(String name, long seed) throws MemoryException {
    assertStored(OpenRequest.of(name), seed);
  }

  final void assertStored(OpenRequest request, long seed) throws MemoryException {
    try (MemoryRegion region = provider.open(request)) {
      Pattern.check(region, seed);
    }
  }

  static void assertOpen(int regions, long bytes, MemoryProvider in) {
    ProviderStatistics now = in.statistics();
    assertEquals(regions, now.openRegions(), "open regions");
    assertEquals(bytes, now.openBytes(), "open bytes");
  }

  /** Every sharing that the provider gives. */
  final List<Sharing> sharings() {
    List<Sharing> sharings = new ArrayList<>(List.of(Sharing.DEFAULT));
    if (declares(Capability.SHARED_MAPPING)) {
      sharings.add(Sharing.SHARED);
    }
    if (declares(Capability.PRIVATE_MAPPING)) {
      sharings.add(Sharing.PRIVATE);
    }
    return sharings;
  }

  final List<String> files() throws IOException {
    return files(directory);
  }

  static List<String> files(Path below) throws IOException {
    try (Stream<Path> walk = Files.walk(below)) {
      return List.copyOf(
          new TreeSet<>(
              walk.filter(p -> !Files.isDirectory(p))
                  .map(p -> below.relativize(p).toString())
                  .toList()));
    }
  }

  /** The lines of this process's memory map that name a file below the store directory. */
  final List<String> mappedFiles() throws IOException {
    return memoryMap().stream().filter(line -> line.contains(directory.toString())).toList();
  }

  /** The lines of this process's memory map; empty where the system does not tell. */
  static List<String> memoryMap() throws IOException {
    Path maps = Path.of("/proc/self/maps");
    return Files.isReadable(maps) ? Files.readAllLines(maps) : List.of();
  }

  /** What a test found before an attempt that must leave nothing. */
  record Footprint(
      List<String> files,
      int openRegions,
      long openBytes,
      List<MemoryRegion> regions,
      int stored) {}

  final Footprint footprint() throws IOException {
    return new Footprint(
        files(),
        provider.statistics().openRegions(),
        provider.statistics().openBytes(),
        provider.regions(),
        provider.stored().size());
  }

  /** An attempt that must fail this way, with one line of message, and leave nothing behind. */
  final <E extends Throwable> E assertRefused(Class<E> expected, Executable attempt)
      throws IOException {
    Footprint before = footprint();
    List<String> mapped = mappedFiles();
    E refusal = assertThrowsOneLine(expected, attempt);
    assertEquals(before, footprint(), "left behind by: " + refusal);
    assertEquals(mapped, mappedFiles(), "mappings left behind by: " + refusal);
    return refusal;
  }

  /** An attempt that must be refused by the environment, and leave nothing behind. */
  final MemoryException assertRefused(Executable attempt) throws IOException {
    return assertRefused(MemoryException.class, attempt);
  }

  static <E extends Throwable> E assertThrowsOneLine(Class<E> expected, Executable attempt) {
    E refusal = assertThrows(expected, attempt);
    assertOneLine(refusal);
    return refusal;
  }

  static void assertSays(Throwable refusal, String word) {
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(word), message);
  }

  static void assertOneLine(Throwable refusal) {
    String message = String.valueOf(refusal.getMessage());
    assertFalse(message.isBlank() || "null".equals(message), "no message: " + refusal.getClass());
    assertTrue(message.lines().count() == 1, "more than one line: " + message);
  }
}
