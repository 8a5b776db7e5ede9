/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.testkit.PeerJvm;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A region that the shell shares with another process. */
class ProcessSharedCommandsTest {
  @TempDir private Path directory;
  private final Fixture fixture = new Fixture();
  private MemoryProvider panama;
  private final GogoShell shell = new GogoShell();

  /** Panama; for the other JVM too. */
  public static final class Fixture implements ProviderFixture {
    private Dmalloc started = Dmalloc.open();

    /** Used by the second JVM. */
    public Fixture() {}

    @Override
    public MemoryProvider start(ProviderSettings settings) {
      started = Dmalloc.open(Map.of("directory", settings.directory().toString()));
      return started.provider("panama");
    }

    @Override
    public void stop(MemoryProvider provider) {
      started.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    panama = fixture.start(ProviderSettings.in(directory));
    shell.providers.put(panama, new Backend.Service(1000, 1000, null, ""));
  }

  @AfterEach
  void close() {
    shell.close();
    panama.regions().forEach(MemoryRegion::close);
    fixture.stop(panama);
  }

  @Test
  void infoRegionsAndStoredTellWhoHasItOpen() throws Exception {
    shell.run("alloc 4k -n plain");
    assertFalse(shell.run("regions").contains("PROCESSES"));
    shell.run("alloc 64k -n board --process-shared");
    String alone = shell.run("info board");
    assertTrue(
        alone.matches("(?s).*processes +this one, as member \\d+; no other has it.*"), alone);
    try (PeerJvm peer = PeerJvm.start(Fixture.class.getName(), directory)) {
      peer.ask("join board");
      String info = shell.run("info board");
      assertTrue(info.contains("; also " + peer.pid()), info);
      String regions = shell.run("regions");
      assertTrue(regions.contains("this one, " + peer.pid()), regions);
      String stored = shell.run("stored");
      assertTrue(stored.contains("process-shared in this JVM by panama region"), stored);
      assertTrue(stored.contains("and in process " + peer.pid()), stored);
      String json = shell.run("info board --json");
      assertTrue(json.contains(Long.toString(peer.pid())), json);
      shell.run("free board");
      String message = shell.fail("open board");
      assertTrue(message.contains("open it process-shared too (open --process-shared)"), message);
      shell.run("open board --process-shared");
      assertEquals(65536, peer.askNumber("size"));
    }
  }

  @Test
  void privateStoresAreNotForOtherProcesses() {
    String message = shell.fail("alloc 4k -n x --process-shared -s private");
    assertTrue(message.contains("private stores reach no other process"), message);
  }
}
