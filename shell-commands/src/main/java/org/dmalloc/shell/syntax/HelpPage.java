/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The help for a command, written from its annotations. */
public final class HelpPage {
  private static final int COLUMN_MAX = 30;

  private HelpPage() {}

  public static String of(CommandSyntax syntax) {
    List<Row> operands = new ArrayList<>();
    for (Operand operand : syntax.operands()) {
      operands.add(new Row(operand.usage(), operand.description() + words(operand.type())));
    }
    List<Row> options = new ArrayList<>();
    for (Option option : syntax.options()) {
      String absent = option.absentValue().isEmpty() ? "" : "; default " + option.absentValue();
      options.add(new Row(option.usage(), option.description() + words(option.type()) + absent));
    }
    options.add(new Row("-h, --help", "this page"));
    String verbose = syntax.option("-v").isEmpty() ? "-v, --verbose" : "--verbose";
    options.add(new Row(verbose, "a stack trace with an error"));
    int longest =
        Stream.concat(operands.stream(), options.stream())
            .mapToInt(row -> row.usage.length())
            .max()
            .orElse(0);
    int width = Math.min(COLUMN_MAX, longest);
    StringBuilder page = new StringBuilder();
    page.append(syntax.name()).append(" – ").append(syntax.summary());
    page.append("\n\nusage: ").append(syntax.usage()).append('\n');
    operands.forEach(row -> page.append(row.line(width)));
    page.append("\noptions:\n");
    options.forEach(row -> page.append(row.line(width)));
    return page.toString().stripTrailing();
  }

  /** An argument and its description, which starts in the next line if need be. */
  private record Row(String usage, String description) {
    String line(int width) {
      String gap =
          usage.length() > width
              ? "\n" + " ".repeat(width + 2)
              : " ".repeat(width - usage.length());
      return "  " + usage + gap + "  " + description + '\n';
    }
  }

  @SuppressWarnings("unchecked") // the class is known to be an enum's
  private static String words(Class<?> type) {
    return type.isEnum() ? ": " + String.join(", ", Words.all((Class<Enum<?>>) type)) : "";
  }
}
