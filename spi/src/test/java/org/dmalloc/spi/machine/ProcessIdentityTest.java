/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
  @Test
  void aProcessIsToldByItsStartAndUser() throws Exception {
    ProcessIdentity self = ProcessIdentity.self();
    int pid = (int) ProcessHandle.current().pid();
    assertEquals(Optional.of(self), ProcessIdentity.of(pid));
    Process later = new ProcessBuilder("cat").start();
    try {
      ProcessIdentity other = ProcessIdentity.of((int) later.pid()).orElseThrow();
      assertEquals(self.user(), other.user());
      assertTrue(other.startTicks() > self.startTicks(), other + " began after " + self);
    } finally {
      later.destroyForcibly().waitFor();
    }
    assertEquals(Optional.empty(), ProcessIdentity.of((int) later.pid()));
    assertEquals(Optional.empty(), ProcessIdentity.of(-1));
  }

  @Test
  void theNamespaceIsWhatItsLinkSays() throws Exception {
    String link = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
    assertEquals("pid:[" + Integer.toUnsignedLong(ProcessIdentity.pidNamespace()) + "]", link);
  }
}
