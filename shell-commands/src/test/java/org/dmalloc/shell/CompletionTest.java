/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.Capability;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.completion.Candidates;
import org.dmalloc.shell.completion.CompletionSetup;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CompletionTest {
  private final GogoShell shell =
      new GogoShell(InMemoryProvider.of("files", Capability.NAMED), InMemoryProvider.of("plain"));
  private final Candidates candidates =
      new Candidates(shell.providers, shell.commands::all, shell.commands.groups());
  private String open = "";
  private String unnamed = "";

  @BeforeEach
  void allocate() throws Exception {
    shell.run("alloc 64 -n stored");
    shell.run("free stored");
    open = shell.session.execute("alloc 64 -n opened").toString();
    unnamed = shell.session.execute("alloc 64 -b plain").toString();
  }

  @AfterEach
  void close() {
    shell.close();
  }

  private List<String> at(String... words) throws Exception {
    return shell.complete(List.of(words), words.length - 1);
  }

  @Test
  void idsAndNamesOfRegions() throws Exception {
    assertEquals(List.of(open, "opened", unnamed, "stored"), at("read", ""));
    assertEquals(List.of(open, "opened", unnamed, "stored"), at("dmalloc:read", ""));
    assertEquals(List.of(open, "opened", unnamed), at("free", ""));
    assertEquals(List.of(open, "opened", unnamed), at("free", open, ""));
    assertEquals(List.of("opened", "stored"), at("open", ""));
    assertEquals(List.of("opened", "stored"), at("delete", ""));
    assertEquals(List.of(), at("read", open, ""));
    assertEquals(List.of(open, "opened", unnamed, "plain"), at("hotswap", open, ""));
  }

  @Test
  void movesAreOfferedToWhereTheyCanLead() throws Exception {
    shell.providers.put(InMemoryProvider.of("managed"), new Backend.Service(1, 5, null, ""));
    assertFalse(at("hotswap", open, "").contains("managed"));
    assertFalse(at("hotswap", "opened", "").contains("files"), "it is there already");
    assertTrue(at("hotswap", "--all", "").containsAll(List.of("files", "plain")));
    assertTrue(at("alloc", "1k", "-b", "").contains("managed"));
  }

  @Test
  void valuesOfOptionsAndOperands() throws Exception {
    assertEquals(List.of("files", "plain"), at("alloc", "1k", "-b", ""));
    assertEquals(List.of("files", "plain"), at("alloc", "--backend", ""));
    assertEquals(List.of("files"), at("stored", "-b", ""), "the other has no store");
    assertEquals(
        List.of("auto", "normal", "random", "sequential"), at("alloc", "1k", "--pattern", ""));
    assertEquals(List.of(), at("alloc", "1k", "-n", ""));
    assertTrue(at("advise", "-v", open, "").contains("populate-write"));
    assertTrue(at("policy", open, "").contains("no-read-ahead"));
    assertTrue(at("help", "").contains("alloc"));
    assertEquals(List.of(), at("unknown", ""));
  }

  @Test
  void pathsAreOfferedOnlyWhereOneIsExpected() throws Exception {
    for (List<String> line :
        List.of(
            List.of("alloc", "1k", "-d", ""),
            List.of("alloc", "1k", "--directory", ""),
            List.of("write", open, "0", "--file", ""),
            List.of("grep", "x", ""))) {
      assertTrue(shell.complete(line, line.size() - 1).contains(GogoShell.PATHS), line.toString());
    }
    for (List<String> line :
        List.of(
            List.of("alloc", ""),
            List.of("alloc", "1k", ""),
            List.of("alloc", "1k", "-b", ""),
            List.of("alloc", "1k", "-d", "x", ""),
            List.of("read", ""),
            List.of("read", open, ""),
            List.of("read", open, "0", "16", ""),
            List.of("write", open, ""),
            List.of("help", ""),
            List.of("grep", ""),
            List.of("unknown", ""))) {
      assertFalse(shell.complete(line, line.size() - 1).contains(GogoShell.PATHS), line.toString());
    }
  }

  @Test
  void gogosOwnFunctionsGiveThePaths() throws Exception {
    shell.addFunction("gogo", "__files", (session, arguments) -> List.of("a file"));
    shell.addFunction("gogo", "__directories", (session, arguments) -> List.of("a directory"));
    assertEquals(
        List.of("a file"),
        candidates.execute(shell.session, List.of(List.of("write", "1", "0", "-f", ""), 4)));
    assertEquals(
        List.of("a directory"),
        candidates.execute(shell.session, List.of(List.of("alloc", "1k", "-d", ""), 3)));
    assertEquals(
        List.of(open, "opened", unnamed),
        candidates.execute(shell.session, List.of(List.of("free", ""), 1)));
  }

  @Test
  void whatNewCommandsTakeIsOffered() throws Exception {
    assertEquals(List.of("ro", "rw"), at("protect", open, ""));
    assertEquals(List.of("now", "force"), at("alloc", "1k", "--durable", ""));
    assertEquals(List.of("now", "force"), at("delete", "opened", "--durable", ""));
    assertEquals(at("delete", ""), at("rename", ""));
    assertEquals(List.of(), at("rename", "opened", ""));
    assertEquals(at("free", ""), at("protect", ""));
    assertEquals(at("fill", ""), at("punch", ""));
    assertTrue(at("stored", "-d", "").contains(GogoShell.PATHS));
  }

  @Test
  void aListGoesOnBehindAComma() throws Exception {
    assertTrue(at("alloc", "1k", "--policy", "never,").contains("never,no-read-ahead"));
    assertFalse(at("alloc", "1k", "--policy", "never,").contains("never,never"));
  }

  @Test
  void aSessionWithALineReaderIsTaughtOnce() throws Exception {
    List<List<Object>> taught = new ArrayList<>();
    shell.addFunction(
        "gogo",
        "complete",
        (session, arguments) -> {
          taught.add(List.copyOf(arguments));
          return null;
        });
    shell.addFunction("gogo", "help", (session, arguments) -> null);
    shell.processor.addListener(
        new CompletionSetup("dmalloc", shell.commands::all, shell.commands.groups()));
    shell.run("regions");
    assertEquals(List.of(), taught, "no line reader, no completion");
    shell.session.put(".reader", "a line reader");
    shell.run("regions");
    List<Object> backend =
        taught.stream()
            .filter(a -> a.contains("dmalloc:alloc") && a.contains("backend"))
            .findFirst()
            .orElseThrow();
    assertEquals(List.of("-c", "dmalloc:alloc", "-s", "b", "-l", "backend"), backend.subList(0, 6));
    assertTrue(
        taught.stream().noneMatch(a -> a.contains("__files") || a.contains("__directories")),
        "Gogo offers the values of an option in every place");
    assertTrue(
        taught.stream().anyMatch(a -> a.contains("gogo:help") && a.contains("-a")),
        "Gogo completes the last scope's command of a name");
    int count = taught.size();
    shell.run("regions");
    assertEquals(count, taught.size());
  }
}
