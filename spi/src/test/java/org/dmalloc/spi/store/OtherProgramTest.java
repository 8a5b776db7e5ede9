/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.Reservation;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the program that docs/store-format.md shows. */
final class OtherProgramTest {
  private static final String PYTHON = "/usr/bin/python3";

  @TempDir Path directory;

  @Test
  void theProgramInTheDocumentationMapsTheData() throws Exception {
    boolean installed = Files.isExecutable(Path.of(PYTHON));
    if (!installed) {
      System.out.println("skipped: " + PYTHON + " is not installed");
    }
    Assumptions.assumeTrue(installed, PYTHON + " is not installed");
    RegionStore store = RegionStore.open(directory);
    try (StoreFile file =
            store.create("orders", 5000, Reservation.SPARSE, SpaceReserver.SPARSE, "test");
        Arena arena = Arena.ofShared()) {
      MemorySegment data = file.data().map(MapMode.READ_WRITE, arena);
      data.setString(4990, "hello");
      file.data().force(data, 0, 5000);
      String refused = run(program());
      assertTrue(refused.contains("BlockingIOError"), refused);
    }
    assertEquals("5000 b'hello'", run(program() + "\nprint(len(data), data[4990:4995])").strip());
  }

  private static String program() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "store-format.md"));
    String begin = "```python\n";
    int start = page.indexOf(begin) + begin.length();
    return page.substring(start, page.indexOf("```", start));
  }

  private String run(String program) throws IOException {
    Process python =
        new ProcessBuilder(PYTHON, "-c", program)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    return new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
