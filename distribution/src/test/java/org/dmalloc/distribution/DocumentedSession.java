/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A session that a page shows: a fenced block with lines {@code $ ./dmalloc …} and {@code dmalloc>
 * …}, each followed by what it prints.
 *
 * <p>A comment of HTML on the line before the block, which readers do not see, says what a test
 * needs to know, in parts with semicolons between them:
 *
 * <ul>
 *   <li>{@code session: continues}: goes on where the block before it ended, with its files.
 *   <li>{@code session: as REASON}: is not run, because of what it needs.
 *   <li>{@code session: heads of COMMAND}: is not run; COMMAND, a smaller form of it, is, and must
 *       print every line of column heads (words in capitals alone, or above a rule) that the block
 *       has.
 *   <li>{@code varies: REGEX}: matches of it are as good as any other.
 * </ul>
 *
 * @param page the file's path from the root of the project
 * @param line the number of the line of the fence
 * @param directions the comment's parts
 * @param steps what is typed, and what comes back
 */
record DocumentedSession(String page, int line, List<String> directions, List<Step> steps) {
  private static final Pattern COMMENT = Pattern.compile("<!-- (.*) -->");
  private static final Pattern HEADS = Pattern.compile("[A-Z][A-Z0-9/ µ%().-]*");

  /**
   * A line that is typed, and the lines that it prints.
   *
   * @param shell whether it is for the shell that is open, and not for the calling shell
   */
  record Step(boolean shell, String typed, List<String> printed) {}

  /** The sessions of a page, in its order. */
  static List<DocumentedSession> in(Path file) throws IOException {
    List<DocumentedSession> sessions = new ArrayList<>();
    List<String> lines = Files.readAllLines(file);
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).startsWith("```")) {
        continue;
      }
      int begin = i;
      do {
        i++;
      } while (!lines.get(i).startsWith("```"));
      List<Step> steps = steps(lines.subList(begin + 1, i));
      if (!steps.isEmpty()) {
        Matcher comment = COMMENT.matcher(begin == 0 ? "" : lines.get(begin - 1));
        List<String> directions =
            comment.matches()
                ? List.of(comment.group(1).split("; (?=session: |varies: )"))
                : List.of();
        sessions.add(new DocumentedSession(Pages.name(file), begin + 1, directions, steps));
      }
    }
    return sessions;
  }

  private static List<Step> steps(List<String> block) {
    List<Step> steps = new ArrayList<>();
    for (String line : block) {
      if (line.startsWith("$ ")) {
        steps.add(new Step(false, withoutRemark(line.substring(2)), new ArrayList<>()));
      } else if (line.startsWith("dmalloc> ")) {
        steps.add(new Step(true, withoutRemark(line.substring(9)), new ArrayList<>()));
      } else if (!steps.isEmpty()) {
        steps.getLast().printed().add(line.stripTrailing());
      }
    }
    return steps.stream().anyMatch(s -> s.shell() || s.typed().startsWith("./dmalloc"))
        ? steps
        : List.of();
  }

  private static String withoutRemark(String typed) {
    return typed.replaceFirst("\\s+# .*$", "").strip();
  }

  private Stream<String> directions(String kind) {
    return directions.stream().filter(d -> d.startsWith(kind)).map(d -> d.substring(kind.length()));
  }

  /** Whether it goes on where the session before it ended. */
  boolean continues() {
    return directions("session: continues").findAny().isPresent();
  }

  /** Why it cannot be run here; empty if it can. */
  Optional<String> needs() {
    return directions("session: as ").findFirst();
  }

  /** The smaller form whose heads are compared. */
  Optional<String> smallerForm() {
    return directions("session: heads of ").findFirst();
  }

  /** What varies in it alone. */
  List<String> variations() {
    return directions("varies: ").toList();
  }

  /** Its lines of column heads, with single spaces. */
  List<String> heads() {
    List<String> heads = new ArrayList<>();
    for (Step step : steps) {
      List<String> printed = step.printed();
      for (int i = 0; i < printed.size(); i++) {
        boolean ruled =
            (i == 0 || printed.get(i - 1).isBlank())
                && i + 1 < printed.size()
                && printed.get(i + 1).startsWith("───");
        if (ruled || HEADS.matcher(printed.get(i)).matches()) {
          heads.add(printed.get(i).strip().replaceAll("\\s+", " "));
        }
      }
    }
    return heads;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s:%d", page, line);
  }
}
