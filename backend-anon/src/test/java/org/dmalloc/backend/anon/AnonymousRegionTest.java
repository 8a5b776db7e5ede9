/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the contract leaves open: descriptors, mappings, sharing and growth of these sources. */
@Timeout(120)
class AnonymousRegionTest {
  private static final long MIB = 1L << 20;

  private static long descriptorCount() throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.count();
    }
  }

  /** Whether exactly this range is readable and writable: what another mapping there is not. */
  private static boolean mapped(long address, long byteSize) throws IOException {
    String area = String.format(Locale.ROOT, "%x-%x rw", address, address + byteSize);
    return Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .anyMatch(line -> line.startsWith(area));
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void nothingIsLeftAfterClose(MemorySource source) throws Exception {
    AnonymousProvider provider = SourceFixture.start(source);
    RegionRequest request = RegionRequest.ofSize(64 * MIB).withOwner("leak-hunter");
    provider.allocate(request).close(); // whatever is opened once and kept
    long descriptors = descriptorCount();
    List<Long> addresses = new ArrayList<>();
    List<MemoryRegion> regions = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      MemoryRegion region = provider.allocate(request);
      try (Access access = region.acquire()) { // of a raw segment the addresses are kept
        addresses.add(access.segment().address());
        access.segment().set(JAVA_BYTE, i, (byte) 1);
      }
      region.residency();
      regions.add(region);
    }
    assertEquals(
        descriptors + (source == MemorySource.MEMFD ? 20 : 0), descriptorCount(), "while open");
    regions.forEach(MemoryRegion::close);
    assertEquals(descriptors, descriptorCount());
    assertEquals(
        List.of(),
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
            .filter(line -> line.contains("leak-hunter") || line.contains("/dev/zero"))
            .toList());
    for (long address : addresses) {
      assertFalse(
          mapped(address, 64 * MIB), String.format(Locale.ROOT, "still mapped at %x", address));
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void aFailedAllocationLeavesNothing(MemorySource source) throws Exception {
    AnonymousProvider provider = SourceFixture.start(source);
    provider.allocate(RegionRequest.ofSize(1)).close();
    long descriptors = descriptorCount();
    RegionRequest cancelled =
        RegionRequest.ofSize(8 * MIB)
            .withOwner("cancelled-one")
            .prefaulted()
            .withProgress(
                (done, total) -> {
                  throw new IllegalStateException("no more");
                });
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> provider.allocate(cancelled));
    assertEquals("no more", refusal.getCause().getMessage());
    assertEquals(descriptors, descriptorCount());
    assertTrue(
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
            .noneMatch(line -> line.contains("cancelled-one")));
  }

  @Test
  void theCopyOfADeviceTellsHowFarItIsAndCanBeCancelled() throws Exception {
    AnonymousProvider provider = SourceFixture.start(MemorySource.ZERO);
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(100 * MIB))) {
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_BYTE, 99 * MIB, (byte) 7);
      }
      List<Long> told = new ArrayList<>();
      MemoryException cancelled =
          assertThrows(
              MemoryException.class,
              () ->
                  region.resize(
                      200 * MIB,
                      (done, total) -> {
                        told.add(done);
                        assertEquals(100 * MIB, total);
                        Thread.currentThread().interrupt();
                      }));
      assertTrue(Thread.interrupted(), "interrupt status lost");
      assertTrue(cancelled.getMessage().endsWith("; the region is as it was"));
      assertEquals(100 * MIB, region.byteSize());
      told.clear();
      region.resize(200 * MIB, (done, total) -> told.add(done));
      assertEquals(List.of(0L, 64 * MIB), told);
      try (Access access = region.acquire()) {
        assertEquals(7, access.segment().get(JAVA_BYTE, 99 * MIB));
        assertEquals(0, access.segment().get(JAVA_BYTE, 199 * MIB));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void regionsOverTwoGibibytesAreAddressedToTheirEnd(MemorySource source) throws Exception {
    long byteSize = (5L << 30) + 3;
    try (MemoryRegion region =
            SourceFixture.start(source).allocate(RegionRequest.ofSize(byteSize));
        Access access = region.acquire()) {
      for (long at : new long[] {0, (1L << 31) - 1, 1L << 32, byteSize - 1}) {
        assertEquals(0, access.segment().get(JAVA_BYTE, at));
        access.segment().set(JAVA_BYTE, at, (byte) (at % 100 + 1));
      }
      for (long at : new long[] {0, (1L << 31) - 1, 1L << 32, byteSize - 1}) {
        assertEquals((byte) (at % 100 + 1), access.segment().get(JAVA_BYTE, at));
      }
      region.prefetch(new long[] {0, 1L << 32, byteSize - 1}, 1);
      Residency residency = region.residency();
      assertTrue(residency.residentBytes() >= 4 * 4096L, residency.toString());
      assertTrue(residency.residentBytes() < 64 * MIB, residency.toString());
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void tellsHowItIsMapped(MemorySource source) throws Exception {
    String expected = source == MemorySource.PRIVATE ? "MAP_PRIVATE | MAP_ANONYMOUS" : "MAP_SHARED";
    try (MemoryRegion region = SourceFixture.start(source).allocate(RegionRequest.ofSize(4096))) {
      assertEquals(expected, region.info().mapping());
    }
  }

  @Test
  void anotherProcessReadsAndWritesAMemfdByItsPath() throws Exception {
    try (MemoryRegion region =
        SourceFixture.start(MemorySource.MEMFD)
            .allocate(RegionRequest.ofSize(MIB).withOwner("shared"))) {
      String path = region.info().path().toString();
      assertTrue(path.startsWith("/proc/" + ProcessHandle.current().pid() + "/fd/"), path);
      try (Access access = region.acquire()) {
        access.segment().setString(4096, "from this process");
        String script =
            "tail -c +4097 \"$0\" | head -c 17 && printf 'from that one' | dd of=\"$0\" bs=1"
                + " seek=8192 conv=notrunc 2>/dev/null";
        Process other = new ProcessBuilder("sh", "-c", script, path).start();
        String read = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, other.waitFor());
        assertEquals("from this process", read);
        assertEquals("from that one", access.segment().getString(8192));
      }
    }
  }

  @Test
  void aMemfdCannotBeCutShortAndAtItsMaximumNotGrown() throws Exception {
    RegionRequest request = RegionRequest.ofSize(MIB / 2).withMaximum(MIB);
    try (MemoryRegion region = SourceFixture.start(MemorySource.MEMFD).allocate(request)) {
      MemorySegment raw = region.segment();
      raw.set(JAVA_BYTE, 0, (byte) 7);
      Path path = region.info().path();
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        assertThrows(IOException.class, () -> channel.truncate(4096));
        region.resize(MIB);
        assertEquals(MIB, channel.size());
        assertThrows(IOException.class, () -> channel.truncate(4096));
        assertThrows(
            IOException.class, () -> channel.write(ByteBuffer.wrap(new byte[1]), MIB + 4096));
        assertEquals(MIB, channel.size());
      }
      assertEquals(7, raw.get(JAVA_BYTE, 0));
      try (Access access = region.acquire()) {
        assertEquals(0, access.segment().get(JAVA_BYTE, MIB - 1));
      }
    }
  }

  @Test
  void growsAlthoughAdviceHasSplitTheMapping() throws Exception {
    try (MemoryRegion region =
        SourceFixture.start(MemorySource.PRIVATE).allocate(RegionRequest.ofSize(8 * MIB))) {
      for (int i = 0; i < 8; i++) {
        if (i % 2 == 0) {
          region.advise(Advice.RANDOM, i * MIB, MIB);
        }
        try (Access access = region.acquire()) {
          access.segment().set(JAVA_LONG, i * MIB, i + 1);
        }
      }
      region.advise(Advice.NO_HUGE_PAGE, 0, MIB);
      for (long size : new long[] {64 * MIB, 3 * MIB, 256 * MIB}) {
        region.resize(size);
        try (Access access = region.acquire()) {
          for (int i = 0; i < 3; i++) {
            assertEquals(i + 1, access.segment().get(JAVA_LONG, i * MIB));
          }
          assertEquals(0, access.segment().get(JAVA_LONG, size - 8));
        }
      }
    }
  }

  @Test
  void aRefusedGrowthLeavesTheRegionAsItWas() throws Exception {
    AnonymousProvider provider = SourceFixture.start(MemorySource.PRIVATE);
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(MIB))) {
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, MIB - 8, 42);
      }
      MemoryException refusal = assertThrows(MemoryException.class, () -> region.resize(1L << 46));
      assertEquals(1, refusal.getMessage().lines().count());
      assertEquals(MIB, region.byteSize());
      assertEquals(MIB, provider.statistics().openBytes());
      try (Access access = region.acquire()) {
        assertEquals(42, access.segment().get(JAVA_LONG, MIB - 8));
      }
      region.resize(2 * MIB);
      try (Access access = region.acquire()) {
        assertEquals(42, access.segment().get(JAVA_LONG, MIB - 8));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void patternsAreToldAndOnlySequentialReachesTheKernel(MemorySource source) throws Exception {
    for (AccessPattern pattern : AccessPattern.values()) {
      RegionRequest request = RegionRequest.ofSize(MIB).withPattern(pattern);
      try (MemoryRegion region = SourceFixture.start(source).allocate(request)) {
        // Nothing is watched here: the kernel adapts its readahead from swap by itself.
        AccessPattern told = pattern == AccessPattern.AUTO ? AccessPattern.NORMAL : pattern;
        assertEquals(told, region.info().pattern());
        String flags = KernelFlags.of(region).getFirst();
        assertEquals(pattern == AccessPattern.SEQUENTIAL, flags.contains("sr "), flags);
        assertTrue(!flags.contains("rr "), flags);
      }
    }
  }
}
