/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.machine.MemoryCheck;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Growth that the kernel refuses: a typed error, nothing has changed, and the next one works. */
class GrowthRefusalTest {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;
  private static final int ENOMEM = 12;

  @TempDir private Path root;

  private static void assume(boolean holds, String otherwise) {
    if (!holds) {
      System.out.println("SKIPPED: " + otherwise);
    }
    Assumptions.assumeTrue(holds, otherwise);
  }

  private static void fill(MemoryRegion region) {
    try (Access access = region.acquire()) {
      for (long at = 0; at < region.byteSize(); at += 4096) {
        access.segment().set(JAVA_LONG, at, at + 1);
      }
    }
  }

  /** What was stored is there, and what came with a growth is zero. */
  private static void check(MemoryRegion region, long filled) {
    try (Access access = region.acquire()) {
      for (long at = 0; at < region.byteSize(); at += 4096) {
        assertEquals(at < filled ? at + 1 : 0, access.segment().get(JAVA_LONG, at));
      }
    }
  }

  /** The refusal's message. */
  private static String refuse(MemoryProvider provider, MemoryRegion region, long byteSize)
      throws IOException {
    fill(region);
    long before = region.byteSize();
    long booked = provider.statistics().openBytes();
    MemoryException refused = assertThrows(MemoryException.class, () -> region.resize(byteSize));
    assertEquals(before, region.byteSize());
    assertEquals(booked, provider.statistics().openBytes());
    check(region, before);
    fill(region);
    region.resize(2 * before);
    check(region, before);
    fill(region);
    return refused.errno() + " " + refused.getMessage();
  }

  /** Within the maximum, where the addresses are reserved already. */
  @ParameterizedTest
  @EnumSource(names = {"PRIVATE", "MEMFD"})
  void growthBeyondAllMemoryIsRefusedWhereOvercommitIsHeuristic(MemorySource source)
      throws Exception {
    assume(TemporarySettings.get("overcommit_memory") == 0, "vm.overcommit_memory is not 0");
    KernelFiles files = KernelFiles.ofThisMachine();
    long all =
        1024
            * (files.field("/proc/meminfo", "MemTotal").orElseThrow()
                + files.field("/proc/meminfo", "SwapTotal").orElseThrow());
    MemoryProvider provider = SourceFixture.start(source);
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(MIB).withMaximum(4 * all))) {
      long address;
      try (Access access = region.acquire()) {
        address = access.segment().address();
      }
      String refused = refuse(provider, region, 2 * all);
      assertTrue(refused.contains("RAM and swap have " + all + " bytes in all"), refused);
      try (Access access = region.acquire()) {
        assertEquals(address, access.segment().address());
      }
    }
    assertEquals(0, provider.statistics().openBytes());
  }

  /**
   * The bounds are set so high that no other process meets them: each growth asks for more than the
   * machine has even so.
   */
  @Test
  void growthBeyondWhatIsPromisedIsRefusedWhereOvercommitIsForbidden() throws Exception {
    assume("root".equals(System.getProperty("user.name")), "vm.overcommit_memory needs root");
    assume(TemporarySettings.get("overcommit_kbytes") == 0, "vm.overcommit_kbytes is set");
    long ratio = TemporarySettings.get("overcommit_ratio");
    try (TemporarySettings settings = new TemporarySettings()) {
      settings.set("overcommit_ratio", 1000);
      settings.set("overcommit_memory", 2);
      long limit =
          1024 * KernelFiles.ofThisMachine().field("/proc/meminfo", "CommitLimit").orElseThrow();
      MemoryProvider provider = SourceFixture.start(MemorySource.PRIVATE);
      try (MemoryRegion region =
          provider.allocate(RegionRequest.ofSize(MIB).withMaximum(2 * limit))) {
        String refused = refuse(provider, region, limit + GIB);
        assertTrue(refused.startsWith(ENOMEM + " "), refused);
        assertTrue(refused.contains("vm.overcommit_memory is 2 and "), refused);
      }
      try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(MIB))) {
        String refused = refuse(provider, region, limit + GIB);
        assertTrue(refused.startsWith(ENOMEM + " "), refused);
        assertTrue(refused.contains("vm.overcommit_memory is 2 and "), refused);
      }
      assertEquals(0, provider.statistics().openBytes());
      MemoryProvider zero = SourceFixture.start(MemorySource.ZERO);
      RegionRequest large = RegionRequest.ofSize(MIB).withMaximum(limit + GIB);
      MemoryException refused = assertThrows(MemoryException.class, () -> zero.allocate(large));
      assertEquals(ENOMEM, refused.errno(), refused.getMessage());
    }
    assertEquals(ratio, TemporarySettings.get("overcommit_ratio"));
  }

  private Machine forbidding(long availableBytes) throws IOException {
    Files.createDirectories(root.resolve("proc/sys/vm"));
    Files.writeString(root.resolve("proc/sys/vm/overcommit_memory"), "2\n");
    Files.writeString(
        root.resolve("proc/meminfo"),
        "MemTotal: 1048576 kB\nMemAvailable: " + availableBytes / 1024 + " kB\n");
    return new Machine(new KernelFiles(root), MemoryCheck.REFUSE);
  }

  @Test
  void aMemfdIsRefusedThePagesOfItsGrowthBeforeItTakesThem() throws Exception {
    Machine machine = forbidding(64 * MIB);
    try (AnonymousMemory memory =
        MemorySource.MEMFD.take(
            MIB, 64 * MIB, PageSize.DEFAULT, null, ProgressListener.NONE, machine)) {
      forbidding(8 * MIB);
      MemoryException refused =
          assertThrows(
              MemoryException.class, () -> memory.makeRoom(32 * MIB, ProgressListener.NONE));
      assertTrue(
          refused.getMessage().contains("bytes of RAM and swap are left"), refused::getMessage);
      assertEquals(MIB, memory.file().facts().byteSize());
      forbidding(64 * MIB);
      memory.makeRoom(2 * MIB, ProgressListener.NONE);
      assertEquals(2 * MIB, memory.file().facts().byteSize());
    }
  }

  @Test
  void growthBeyondTheLimitOfAddressSpaceIsRefused() throws Exception {
    List<String> command =
        List.of(
            "sh",
            "-c",
            "ulimit -v 3000000; exec \"$@\"",
            "sh",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx64m",
            "-XX:ReservedCodeCacheSize=32m",
            "-XX:CompressedClassSpaceSize=32m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Grower.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> lines;
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      lines = reader.readAllLines();
    }
    assertEquals(0, process.waitFor(), lines.toString());
    assertEquals(MemorySource.values().length, lines.size(), lines.toString());
    for (String line : lines) {
      assertTrue(line.startsWith(ENOMEM + " "), line);
      assertTrue(line.contains("the limit of address space is 3072000000 bytes"), line);
    }
  }

  /** Runs in the other JVM. */
  static final class Grower {
    private Grower() {}

    public static void main(String[] args) throws IOException {
      PrintStream out = System.out;
      for (MemorySource source : MemorySource.values()) {
        MemoryProvider provider = SourceFixture.start(source);
        try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(MIB))) {
          out.println(refuse(provider, region, 8 * GIB));
        }
      }
    }
  }
}
