/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Function;
import org.dmalloc.api.AccessMode;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.completion.CompletionSetup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Commands whose names have two words, from two bundles. */
class CommandGroupTest {
  /** Commands of a group, as a bundle adds them. */
  public static final class Fills extends CommandSet {
    Fills(Providers providers) {
      super(providers, "heap fill", "heap fail");
    }

    @Descriptor("fills it")
    public Message fill(
        @Argument("ACCESS: what it is for") AccessMode access,
        @Argument("--with BYTE=7: the byte") Integer with) {
      return Message.of("filled %s with %d", access, with);
    }

    @Descriptor("fails")
    public Message fail() {
      throw new IllegalStateException("broken");
    }
  }

  /** One more, of another bundle. */
  public static final class Empties extends CommandSet {
    Empties(Providers providers) {
      super(providers, "heap empty", "drain");
    }

    @Descriptor("empties it")
    public Message empty() {
      return Message.of("emptied");
    }

    @Descriptor("is no command of the group")
    public Message drain() {
      return Message.of("drained");
    }
  }

  private final CommandSource fills = providers -> List.of(new Fills(providers));
  private final CommandSource empties = providers -> List.of(new Empties(providers));
  private final GogoShell shell =
      new GogoShell(List.of(empties, fills), InMemoryProvider.of("plain"));

  @AfterEach
  void close() {
    shell.close();
  }

  @Test
  void theNextWordChoosesTheCommand() throws Exception {
    assertEquals("filled READ_ONLY with 7", shell.run("heap fill read-only"));
    assertEquals("filled READ_WRITE with 9", shell.run("heap fill --with 9 read-write"));
    assertEquals("emptied", shell.run("dmalloc:heap empty"));
    assertEquals("drained", shell.run("drain"));
  }

  @Test
  void mistakesAreTold() {
    assertEquals(
        "dmalloc: heap: COMMAND is missing; give one of empty, fill, fail; see 'heap --help'",
        shell.fail("heap"));
    assertEquals(
        "dmalloc: heap command 'fil' is unknown; did you mean fill? Or give one of empty, fill,"
            + " fail",
        shell.fail("heap fil"));
    assertEquals(
        "dmalloc: heap fill: ACCESS is missing; usage: heap fill ACCESS [--with BYTE]",
        shell.fail("heap fill"));
    assertEquals("dmalloc: heap fail: broken", shell.fail("heap fail"));
    assertTrue(shell.fail("help heap gone").contains("heap command 'gone' is unknown"));
  }

  @Test
  void withoutCommandsTheGroupSaysWhatIsMissing() throws Exception {
    shell.commands.remove(fills);
    shell.commands.remove(empties);
    String missing = "the service of heaps is not here; start the bundle org.dmalloc.heap";
    assertEquals("dmalloc: heap: " + missing, shell.fail("heap fill"));
    assertTrue(shell.run("dmalloc:help heap").endsWith(missing));
    assertTrue(shell.run("dmalloc:help").contains("\n  heap "));
  }

  private List<String> wordsOfHeap() {
    return shell.commands.groups().stream()
        .filter(group -> group.name().equals("heap"))
        .findAny()
        .orElseThrow()
        .words();
  }

  @Test
  void itsCommandsComeAndGoWithTheirBundles() {
    assertEquals(List.of("empty", "fill", "fail"), wordsOfHeap());
    shell.commands.remove(empties);
    assertEquals(List.of("fill", "fail"), wordsOfHeap());
    assertFalse(shell.commands.functions().containsKey("drain"));
    assertFalse(shell.commands.functions().containsKey("heap fill"));
    assertTrue(shell.commands.functions().containsKey("heap"));
  }

  @Test
  void helpListsThemBehindTheWord() throws Exception {
    String overview = shell.run("dmalloc:help");
    assertTrue(overview.contains("'help heap' lists its commands"), overview);
    assertFalse(overview.contains("heap fill"), overview);
    String page = shell.run("dmalloc:help heap");
    assertEquals(page, shell.run("heap --help"));
    assertTrue(page.contains("\n  fill   fills it\n"), page);
    assertTrue(shell.run("dmalloc:help heap fill").startsWith("heap fill – fills it\n"));
    assertEquals(shell.run("dmalloc:help heap fill"), shell.run("heap fill --help"));
  }

  @Test
  void bothWordsAndWhatFollowsAreCompleted() throws Exception {
    assertEquals(List.of("empty", "fill", "fail"), shell.complete(List.of("heap", ""), 1));
    assertEquals(
        List.of("read-only", "read-write"), shell.complete(List.of("dmalloc:heap", "fill", ""), 2));
    assertEquals(
        List.of("read-only", "read-write"),
        shell.complete(List.of("heap", "fill", "--with", "1", ""), 4));
    assertEquals(List.of(), shell.complete(List.of("heap", "gone", ""), 2));
    assertTrue(shell.complete(List.of("help", ""), 1).containsAll(List.of("heap", "alloc")));
    assertFalse(shell.complete(List.of("help", ""), 1).contains("heap fill"));
    assertEquals(List.of("empty", "fill", "fail"), shell.complete(List.of("help", "heap", ""), 2));
    assertEquals(List.of(), shell.complete(List.of("help", "alloc", ""), 2));
  }

  @Test
  void optionsAreOfferedOnlyBehindTheirCommand() throws Exception {
    List<List<Object>> taught = new ArrayList<>();
    shell.addFunction(
        "gogo",
        "complete",
        (session, arguments) -> {
          taught.add(List.copyOf(arguments));
          return null;
        });
    shell.addFunction("dmalloc", CompletionSetup.CHOSEN, CompletionSetup.chosen());
    shell.processor.addListener(
        new CompletionSetup("dmalloc", shell.commands::all, shell.commands.groups()));
    shell.session.put(".reader", "a line reader");
    shell.run("regions");
    assertEquals(
        List.of("dmalloc:__chosen ($.commandLine words) fill"),
        taught.stream()
            .filter(each -> each.contains("dmalloc:heap") && each.contains("with"))
            .map(each -> each.get(each.indexOf("-n") + 1))
            .toList());
    assertEquals(
        1,
        taught.stream()
            .filter(each -> each.contains("dmalloc:heap") && each.contains("-e"))
            .count());
    Function chosen = CompletionSetup.chosen();
    List<String> line = List.of("heap", "fill", "--");
    assertEquals(true, chosen.execute(shell.session, List.of(line, "fill")));
    assertEquals(false, chosen.execute(shell.session, List.of(line, "empty")));
    assertEquals(false, chosen.execute(shell.session, List.of(List.of("heap"), "fill")));
  }
}
