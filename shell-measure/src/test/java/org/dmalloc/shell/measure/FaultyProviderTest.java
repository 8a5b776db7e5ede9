/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dmalloc.api.Capability;
import org.dmalloc.shell.Fault;
import org.dmalloc.shell.GogoShell;
import org.dmalloc.shell.PaperMover;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What measures asks providers as all commands do: one that is faulty costs its own rows. */
class FaultyProviderTest {
  private final InMemoryProvider files =
      InMemoryProvider.of("files", Capability.NAMED, Capability.READ_ONLY);
  private final GogoShell shell = new GogoShell(List.of(new MeasuringCommands()), files);

  @AfterEach
  void close() {
    shell.close();
  }

  private void register(Fault fault) {
    shell.providers.put(
        fault.provider(true), new Backend.Service(1000, 7, null, "com.example.evil"));
  }

  @ParameterizedTest
  @EnumSource
  void aBenchmarkOfAllCostsItsRowsAlone(Fault fault) {
    register(fault);
    assertEquals(
        "dmalloc: bench: some rows could not be measured; see the table",
        shell.fail("bench -b all -s 1m -w fill,random-read --start warm --raw none"));
    String table = shell.out();
    assertTrue(table.contains("backend service-7"), table);
    assertTrue(table.contains("(): " + fault.words), table);
    assertEquals(2, table.lines().filter(line -> line.matches(".* files +[0-9].*")).count(), table);
    assertEquals(List.of(), files.regions());
  }

  @ParameterizedTest
  @EnumSource
  void movesAndChecksNameIt(Fault fault) throws Exception {
    register(fault);
    InMemoryProvider managed = InMemoryProvider.of("managed");
    shell.providers.put(managed, new Backend.Service(1, 8, null, ""));
    PaperMover mover = new PaperMover(managed);
    shell.providers.mover(() -> mover);
    String failure = shell.fail("hotswapbench -s 1m -w 0 -b files,service-7");
    assertTrue(failure.startsWith("dmalloc: backend service-7 (bundle com.example.evil"), failure);
    assertTrue(failure.contains("(): " + fault.words), failure);
    shell.err.reset();
    assertFalse(shell.run("doctor").isEmpty());
    assertTrue(shell.err().contains("dmalloc: backend service-7 (bundle com.ex"), shell.err());
    shell.run("alloc 64k -b files -n lively");
    assertTrue(shell.run("load lively --rate 1").startsWith("writing to lively: "));
    assertTrue(shell.run("load").contains("lively"));
    assertTrue(shell.run("load --stop").startsWith("lively: "));
  }
}
