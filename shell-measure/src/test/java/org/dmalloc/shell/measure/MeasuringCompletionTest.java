/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dmalloc.api.Capability;
import org.dmalloc.shell.GogoShell;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MeasuringCompletionTest {
  private final GogoShell shell =
      new GogoShell(
          List.of(new MeasuringCommands()),
          InMemoryProvider.of("files", Capability.NAMED),
          InMemoryProvider.of("plain"));

  @AfterEach
  void close() {
    shell.close();
  }

  private List<String> at(String... words) throws Exception {
    return shell.complete(List.of(words), words.length - 1);
  }

  @Test
  void pathsAreOfferedOnlyWhereOneIsExpected() throws Exception {
    for (List<String> line :
        List.of(
            List.of("bench", "--json", ""),
            List.of("bench", "--html", ""),
            List.of("compare", "--swap-file", ""),
            List.of("doctor", ""),
            List.of("doctor", "/tmp", ""))) {
      assertTrue(shell.complete(line, line.size() - 1).contains(GogoShell.PATHS), line.toString());
    }
    assertFalse(shell.complete(List.of("bench", "-w", ""), 2).contains(GogoShell.PATHS));
  }

  @Test
  void commandsOfferTheValuesThatTheyKnow() throws Exception {
    assertEquals(List.of("files,plain"), at("bench", "-b", "files,"));
    assertTrue(at("bench", "-w", "").contains("random-read"));
    assertEquals(List.of("cold", "warm"), at("bench", "--start", ""));
    assertTrue(at("compare", "-w", "").contains("index-query"));
    assertEquals(List.of(), at("compare", "-c", ""));
    assertTrue(at("chaos", "--without", "").containsAll(List.of("checkpoint", "kill")));
    shell.run("alloc 4k -n stored");
    assertEquals(
        List.of("1", "stored"),
        at("load", "").stream().map(s -> s.matches("\\d+") ? "1" : s).toList());
  }

  @Test
  void helpListsThemBehindThoseForMemory() throws Exception {
    List<String> names = shell.commands.all().stream().map(c -> c.name()).toList();
    assertEquals(
        List.of(
            "verify",
            "load",
            "bench",
            "hotswapbench",
            "compare",
            "chaos",
            "doctor",
            "grep",
            "help"),
        names.subList(names.indexOf("verify"), names.size()));
    assertTrue(shell.run("help").contains("  doctor "));
    assertTrue(shell.fail("help benchx").contains("did you mean bench?"));
  }
}
