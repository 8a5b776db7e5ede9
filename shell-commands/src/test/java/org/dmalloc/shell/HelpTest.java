/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dmalloc.api.Capability;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.syntax.Operand;
import org.dmalloc.shell.syntax.Option;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HelpTest {
  private final GogoShell shell = new GogoShell(InMemoryProvider.of("files", Capability.NAMED));

  @AfterEach
  void close() {
    shell.close();
  }

  @Test
  void everyCommandIsInTheOverviewAndHasAPage() throws Exception {
    String overview = shell.run("dmalloc:help");
    for (Command command : shell.commands.all()) {
      String name = command.name();
      assertTrue(overview.contains("  " + name + " "), name);
      String page = shell.run("dmalloc:help " + name);
      assertEquals(page, shell.run(name + " --help"));
      assertEquals(page, shell.run("dmalloc:help dmalloc:" + name));
      assertTrue(page.startsWith(name + " – " + command.syntax().summary()), page);
      for (Option option : command.syntax().options()) {
        assertTrue(page.contains(option.usage()), page);
        assertTrue(page.contains(option.description()), page);
      }
      for (Operand operand : command.syntax().operands()) {
        assertTrue(page.contains(operand.usage() + " "), page);
      }
    }
  }

  @Test
  void aLetterThatACommandTakesForItselfIsShownOnce() throws Exception {
    String page = shell.run("grep --help");
    assertTrue(page.contains("  -v, --invert-match "), page);
    assertTrue(page.contains("  --verbose "), page);
    assertEquals(1, page.lines().filter(line -> line.contains(" -v,")).count(), page);
  }

  @Test
  void everyListingCommandOffersJson() {
    for (String name :
        new String[] {"providers", "limits", "regions", "stored", "info", "read", "verify"}) {
      Command command =
          shell.commands.all().stream()
              .filter(c -> c.name().equals(name))
              .findFirst()
              .orElseThrow();
      assertTrue(command.syntax().option("--json").isPresent(), name);
    }
  }
}
