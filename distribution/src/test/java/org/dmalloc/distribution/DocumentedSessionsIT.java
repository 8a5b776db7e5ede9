/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What README.md, CONTRIBUTING.md and docs show is what the commands print: each session in them is
 * run against the distribution, in a home directory of its own, and compared by the rule of {@link
 * PrintedLines}. What a block says about itself to this test is in {@link DocumentedSession}.
 *
 * <p>The lines of an open shell go to one process by its standard input.
 */
class DocumentedSessionsIT {
  /** Between the lines of one shell, so that each answer can be told. */
  private static final String MARK = "@ next line @";

  @TempDir private Path home;

  /** A session with those that it continues, to be run before it in the same place. */
  record Chain(List<DocumentedSession> sessions) {
    @Override
    public String toString() {
      return sessions.getLast().toString();
    }
  }

  private static List<DocumentedSession> sessions() throws IOException {
    List<DocumentedSession> all = new ArrayList<>();
    for (Path page : Pages.all()) {
      all.addAll(DocumentedSession.in(page));
    }
    return all;
  }

  static List<Chain> runnable() throws IOException {
    List<Chain> chains = new ArrayList<>();
    for (DocumentedSession session : sessions()) {
      if (session.needs().isPresent() || session.smallerForm().isPresent()) {
        continue;
      }
      if (session.continues()) {
        List<DocumentedSession> longer = new ArrayList<>(chains.removeLast().sessions());
        longer.add(session);
        chains.add(new Chain(longer));
      } else {
        chains.add(new Chain(List.of(session)));
      }
    }
    return chains;
  }

  @Test
  void thePagesHaveSessions() throws IOException {
    List<DocumentedSession> all = sessions();
    for (String page : List.of("README.md", "docs/shell.md", "docs/hot-swap.md")) {
      assertTrue(all.stream().anyMatch(s -> s.page().equals(page)), page);
    }
    for (Path page : Pages.all()) {
      String name = Pages.name(page);
      long comments =
          Files.readString(page)
              .lines()
              .filter(l -> l.matches("<!-- (session|varies): .*"))
              .count();
      long found =
          all.stream().filter(s -> s.page().equals(name) && !s.directions().isEmpty()).count();
      assertEquals(comments, found, name + ": a comment stands directly before its block");
    }
  }

  @ParameterizedTest
  @MethodSource("runnable")
  void aSessionIsWhatTheCommandsPrint(Chain chain) throws Exception {
    install();
    for (DocumentedSession session : chain.sessions()) {
      List<DocumentedSession.Step> steps = session.steps();
      PrintedLines rule = new PrintedLines(home.toRealPath().toString(), session.variations());
      for (int i = 0; i < steps.size(); ) {
        int next = i + 1;
        if (steps.get(i).typed().equals("./dmalloc") || steps.get(i).shell()) {
          int begin = steps.get(i).shell() ? i : next;
          next = begin;
          while (next < steps.size() && steps.get(next).shell()) {
            next++;
          }
          runInShell(session, steps.subList(begin, next), rule);
        } else {
          DocumentedSession.Step step = steps.get(i);
          check(session, step, sh(step.typed(), ""), rule);
        }
        i = next;
      }
    }
  }

  @Test
  void aSmallerFormOfALongCommandHasTheColumnsThatAreShown() throws Exception {
    install();
    for (DocumentedSession session : sessions()) {
      if (session.smallerForm().isPresent()) {
        checkHeads(session);
      }
    }
  }

  private void checkHeads(DocumentedSession session) throws Exception {
    List<String> printed =
        sh(session.smallerForm().orElseThrow(), "").stream()
            .map(l -> l.strip().replaceAll("\\s+", " "))
            .toList();
    assertFalse(session.heads().isEmpty(), "no line of column heads");
    for (String heads : session.heads()) {
      assertTrue(
          printed.contains(heads), () -> heads + " is not in\n" + String.join("\n", printed));
    }
  }

  /** A command in the home directory, so that lines run as they are written. */
  private void install() throws IOException {
    Path command = home.resolve("dmalloc");
    Files.writeString(
        command,
        String.format(
            Locale.ROOT, "#!/bin/sh%nexec '%s' \"$@\"%n", Launch.layout().resolve("bin/dmalloc")));
    assertTrue(command.toFile().setExecutable(true));
  }

  private void runInShell(
      DocumentedSession session, List<DocumentedSession.Step> steps, PrintedLines rule)
      throws Exception {
    StringBuilder lines = new StringBuilder();
    for (DocumentedSession.Step step : steps) {
      lines.append(step.typed()).append("\necho '").append(MARK).append("'\n");
    }
    List<String> printed = sh("./dmalloc", lines.toString());
    int from = 0;
    for (DocumentedSession.Step step : steps) {
      int mark = from;
      while (mark < printed.size() && !printed.get(mark).equals(MARK)) {
        mark++;
      }
      check(session, step, printed.subList(from, mark), rule);
      from = Math.min(printed.size(), mark + 1);
    }
  }

  private static void check(
      DocumentedSession session,
      DocumentedSession.Step step,
      List<String> printed,
      PrintedLines rule) {
    if (!rule.match(step.printed(), printed)) {
      fail(
          String.format(
              Locale.ROOT,
              "%s: '%s' prints%n%s%n-- which is compared as%n%s%n-- with what is documented as%n%s",
              session,
              step.typed(),
              String.join("\n", printed),
              String.join("\n", printed.stream().map(rule::normal).toList()),
              String.join("\n", step.printed().stream().map(rule::normal).toList())));
    }
  }

  /** Runs a line of the calling shell; errors stand where they come between the results. */
  private List<String> sh(String line, String input) throws Exception {
    try (Launch launch =
        Launch.line(
            line,
            home,
            Map.of(
                "HOME", home.toString(),
                "XDG_STATE_HOME", home.resolve(".local/state").toString(),
                "XDG_CONFIG_HOME", home.resolve(".config").toString()))) {
      launch.write(input);
      launch.endInput();
      String out = launch.await().out();
      return new String(out.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)
          .lines()
          .map(String::stripTrailing)
          .toList();
    }
  }
}
