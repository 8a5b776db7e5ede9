/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class KernelFilesTest {
  @TempDir private Path root;

  /** A file there answers one read: whoever asks for a byte first gets the first digit only. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void realSettingsHaveAllTheirDigits() throws Exception {
    String file = "/proc/sys/vm/max_map_count";
    byte[] large = new byte[64];
    String expected;
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      int count = in.read(large);
      expected = new String(large, 0, count, StandardCharsets.US_ASCII).strip();
    }
    assertTrue(expected.length() > 1, expected);
    KernelFiles files = KernelFiles.ofThisMachine();
    assertEquals(expected, files.require(file));
    assertEquals(expected, files.text(file).orElseThrow());
    assertEquals(Long.parseLong(expected), files.number(file).orElseThrow());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void longFilesAreReadWhole() throws Exception {
    KernelFiles files = KernelFiles.ofThisMachine();
    AtomicLong visited = new AtomicLong();
    files.visitLines("/proc/self/maps", line -> visited.incrementAndGet() > 0);
    long counted = files.lineCount("/proc/self/maps").orElseThrow();
    assertTrue(counted > 20, counted + " mappings");
    assertTrue(Math.abs(counted - visited.get()) < 100, counted + " and " + visited);
    files.visitLines("/proc/self/maps", line -> visited.incrementAndGet() < 0);
  }

  @Test
  void whatIsMissingIsToldWithTheNextStep() {
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> new KernelFiles(root).require("/proc/meminfo"));
    assertEquals(
        "read " + root.resolve("proc/meminfo") + ": ENOENT (2); mount /proc", refusal.getMessage());
  }

  @Test
  void whatCannotBeReadIsToldWithTheReason() throws Exception {
    Files.createDirectories(root.resolve("proc/meminfo"));
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> new KernelFiles(root).require("/proc/meminfo"));
    assertTrue(refusal.getMessage().contains("EISDIR (21)"), refusal.getMessage());
  }
}
