/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dmalloc.api.StoreFinding;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.session.SessionFunctions;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Version;

/** What a terminal of 80 columns would break, we have broken where it can be read. */
class TerminalWidthTest {
  private static final int WIDTH = 80;

  private final InMemoryProvider files =
      InMemoryProvider.files(
          "a-backend-with-a-long-name",
          new InMemoryStore("/a/directory/of/many/parts/that/is/deeper/than/most/and/longer"));
  private final GogoShell shell =
      new GogoShell(
          files, InMemoryProvider.of("another-backend"), InMemoryProvider.of("a-third-one"));

  @BeforeEach
  void allocate() throws Exception {
    shell.run("alloc 64k -n a-region-whose-name-is-longer-than-that-of-most -o somebody");
    files.find(
        new StoreFinding(
            StoreFinding.Severity.WARNING, "/a/directory", "words that go on and on ".repeat(9)));
    shell.session.put(Console.WIDTH, WIDTH);
  }

  @AfterEach
  void close() {
    shell.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "providers",
        "providers -c",
        "regions",
        "stored",
        "verify",
        "info a-region-whose-name-is-longer-than-that-of-most",
        "help",
        "help alloc",
        "alloc --help",
        "open --help",
        "punch --help",
        "rename --help",
        "delete --help",
        "flush --help",
        "length a-region-whose-name-is-longer-than-that-of-most"
      })
  void noLineIsWider(String line) throws Exception {
    String printed = shell.run(line);
    printed
        .lines()
        .filter(each -> each.strip().contains(" "))
        .forEach(each -> assertTrue(each.codePointCount(0, each.length()) <= WIDTH, printed));
  }

  @Test
  void theFirstLinesAreNotWiderEither() throws Exception {
    shell.addFunction(
        ShellCommands.SCOPE,
        SessionFunctions.WELCOME,
        SessionFunctions.welcome(shell.providers, Version.emptyVersion));
    shell.run(ShellCommands.SCOPE + ":" + SessionFunctions.WELCOME);
    String printed = shell.out();
    assertTrue(printed.contains("a-third-one"), printed);
    printed
        .lines()
        .forEach(each -> assertTrue(each.codePointCount(0, each.length()) <= WIDTH, printed));
  }

  @Test
  void aPipeTakesLinesAsTheyAre() throws Exception {
    shell.run("stored | grep longer");
    String wide = shell.out();
    assertEquals(1, wide.lines().count(), wide);
    assertTrue(wide.contains("/longer/a-region-whose-name-is-longer-than-that-of-most"), wide);
  }
}
