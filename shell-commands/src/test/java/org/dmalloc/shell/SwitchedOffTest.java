/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dmalloc.backup.BackupService;
import org.dmalloc.heap.HeapService;
import org.dmalloc.shell.backup.BackupCommands;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.heap.HeapCommands;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is switched off is not there, and says so; every command tells what it does to regions. */
class SwitchedOffTest {
  /** Commands that change and show no region: a new one is listed here, or marked. */
  private static final Set<String> HARMLESS =
      new TreeSet<>(
          List.of(
              "alloc",
              "attach",
              "backup status",
              "backup verify",
              "backups",
              "checkpoints",
              "flush",
              "grep",
              "heap check",
              "heap leaks",
              "heap list",
              "heap map",
              "heap open",
              "heap roots",
              "heap stats",
              "help",
              "info",
              "limits",
              "open",
              "providers",
              "regions",
              "stored",
              "verify"));

  private final GogoShell shell = new GogoShell(sources(), InMemoryProvider.memory("memory"));

  private static List<CommandSource> sources() {
    return List.of(new HeapCommands(HeapService.load()), new BackupCommands(BackupService.load()));
  }

  @AfterEach
  void close() {
    shell.close();
  }

  private Set<String> names() {
    return shell.commands.all().stream()
        .map(Command::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void everyCommandIsMarkedOrHarmless() {
    assertEquals(
        HARMLESS,
        shell.commands.existing().stream()
            .filter(command -> command.effects().isEmpty())
            .map(Command::name)
            .collect(Collectors.toCollection(TreeSet::new)));
  }

  @Test
  void effectsAndNamesAreOff() throws Exception {
    Set<String> before = names();
    shell.commands.off(SwitchedOff.of("READ, fill", "heap free"));
    Set<String> gone = new TreeSet<>(before);
    gone.removeAll(names());
    assertEquals(
        new TreeSet<>(
            List.of("backup start", "fill", "follow", "heap free", "read", "share", "snapshot")),
        gone);
    assertFalse(shell.commands.functions().containsKey("read"));
    assertFalse(shell.run("help").contains("\n  read "), shell.run("help"));
    assertFalse(shell.run("help heap").contains("  free "), shell.run("help heap"));
    assertFalse(shell.complete(List.of("help", ""), 1).contains("read"));
  }

  @Test
  void aGroupIsOffAsAWhole() {
    shell.commands.off(SwitchedOff.of(new String[] {"heap", "DELETE"}, null));
    assertTrue(names().stream().noneMatch(name -> name.startsWith("heap ")), names().toString());
    assertFalse(names().contains("delete"));
    assertTrue(names().contains("write"));
  }

  @Test
  void whoCallsOneIsToldWhy() {
    shell.commands.off(SwitchedOff.of(null, "heap free, READ"));
    String why =
        ": switched off here; its administrator can change commands.off of the configuration"
            + " org.dmalloc.shell, or the property dmalloc.commands.off";
    assertEquals("heap free" + why, said("heap free h 0"));
    assertEquals("read" + why, said("help read"));
    assertEquals("read" + why, said("__unknown read"));
    assertTrue(said("__unknown rea").contains("'rea' is unknown"), said("__unknown rea"));
  }

  private String said(String line) {
    String message = shell.fail("dmalloc:" + line);
    return message.substring(message.indexOf(": ", message.indexOf("dmalloc")) + 2);
  }

  @Test
  void whatIsNeitherIsRefused() {
    for (String bad : List.of("Read", "READS", "heap free now", "*", "re-ad")) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> SwitchedOff.of(bad, null));
      assertEquals(
          "org.dmalloc.shell: commands.off="
              + bad
              + "; give some of [READ, WRITE, DELETE], or names of commands such as 'fill' or 'heap"
              + " free'",
          refused.getMessage());
    }
    assertEquals(SwitchedOff.NONE, SwitchedOff.of(" , ", ""));
    SwitchedOff later = SwitchedOff.of(List.of("fil", "heap"), "WRITE");
    assertEquals(List.of("fil"), later.unmatched(shell.commands.existing()));
    assertEquals(Set.of(Effect.WRITE), later.effects());
  }
}
