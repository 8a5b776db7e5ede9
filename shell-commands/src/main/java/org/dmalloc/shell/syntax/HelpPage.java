/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The help for a command, written from its annotations. */
public final class HelpPage {
  private static final int COLUMN_MAX = 30;

  private HelpPage() {}

  /** Writes the page of one command. */
  public static String of(CommandSyntax syntax) {
    List<String[]> operands = new ArrayList<>();
    for (Operand operand : syntax.operands()) {
      operands.add(new String[] {operand.usage(), operand.description() + words(operand.type())});
    }
    List<String[]> options = new ArrayList<>();
    for (Option option : syntax.options()) {
      String standard =
          option.absentValue().isEmpty() ? "" : "; without it " + option.absentValue();
      options.add(
          new String[] {option.usage(), option.description() + words(option.type()) + standard});
    }
    options.add(new String[] {"-h, --help", "this page"});
    options.add(new String[] {"-v, --verbose", "a stack trace with an error"});
    StringBuilder page = new StringBuilder();
    page.append(syntax.name()).append(" – ").append(syntax.summary()).append("\n\nusage: ");
    page.append(syntax.usage()).append('\n');
    int width =
        Math.min(
            COLUMN_MAX,
            Math.max(
                operands.stream().mapToInt(r -> r[0].length()).max().orElse(0),
                options.stream().mapToInt(r -> r[0].length()).max().orElse(0)));
    append(page, operands, width);
    page.append("\noptions:\n");
    append(page, options, width);
    return page.toString().stripTrailing();
  }

  private static void append(StringBuilder page, List<String[]> rows, int width) {
    for (String[] row : rows) {
      page.append("  ").append(row[0]);
      if (row[0].length() > width) {
        page.append('\n').append(" ".repeat(width + 2));
      } else {
        page.append(" ".repeat(width - row[0].length()));
      }
      page.append("  ").append(row[1]).append('\n');
    }
  }

  private static String words(Class<?> type) {
    if (!type.isEnum()) {
      return "";
    }
    return ": "
        + String.join(
            ", ", Arrays.stream(type.getEnumConstants()).map(c -> Words.of((Enum<?>) c)).toList());
  }
}
