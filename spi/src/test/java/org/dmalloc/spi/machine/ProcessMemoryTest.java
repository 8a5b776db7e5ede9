/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessMemoryTest {
  @TempDir private Path root;

  @Test
  void countsAnonymousMemory() throws IOException {
    Path self = Files.createDirectories(root.resolve("proc/self"));
    assertEquals(0, ProcessMemory.anonymousBytes(new KernelFiles(root)));
    Files.writeString(self.resolve("status"), "Name:\tjava\nRssAnon:\t    1234 kB\nThreads:\t9\n");
    assertEquals(1234 * 1024, ProcessMemory.anonymousBytes(new KernelFiles(root)));
  }
}
