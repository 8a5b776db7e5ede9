/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;

/** Reads what the kernel has noted about a region's addresses. */
final class KernelFlags {
  private KernelFlags() {}

  /** The flags of each of the kernel's areas in the region, such as "rd wr mr mw me lo ". */
  static List<String> of(MemoryRegion region) throws IOException {
    List<String> flags = new ArrayList<>();
    try (Access access = region.acquire()) {
      long start = access.segment().address();
      long end = start + access.segment().byteSize();
      boolean inside = false;
      for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
        if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
          int dash = line.indexOf('-');
          long areaStart = Long.parseUnsignedLong(line, 0, dash, 16);
          long areaEnd = Long.parseUnsignedLong(line, dash + 1, line.indexOf(' '), 16);
          inside = areaStart < end && areaEnd > start;
        } else if (inside && line.startsWith("VmFlags:")) {
          flags.add(line.substring("VmFlags:".length()).strip() + " ");
        }
      }
    }
    assertFalse(flags.isEmpty(), "region is not mapped");
    return flags;
  }
}
