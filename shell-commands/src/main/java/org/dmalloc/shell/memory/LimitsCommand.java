/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Lists the limits, those first of which most is used. */
public final class LimitsCommand extends CommandSet {
  /**
   * A limit in the list.
   *
   * @param percent of the limit that is used
   */
  public record Row(
      ResourceKind kind,
      String subject,
      @Nullable String owner,
      long used,
      long limit,
      long percent,
      String setting) {
    static Row of(ResourceUse use) {
      return new Row(
          use.kind(),
          use.subject(),
          use.owner(),
          use.used(),
          use.limit(),
          use.percent(),
          use.setting());
    }
  }

  public LimitsCommand(Providers providers) {
    super(providers, "limits");
  }

  @Descriptor("lists the limits that are set here, and how much of each is used")
  public Printable limits(@Argument("--json: as JSON") boolean json) {
    List<Row> rows =
        providers().limits().uses().stream()
            .map(Row::of)
            .sorted(Comparator.comparingLong(Row::percent).reversed())
            .toList();
    if (json) {
      return new JsonResult(rows);
    }
    return new Listing<>(
        rows,
        "nothing is limited here",
        List.of(
            Table.column("LIMIT OF", row -> Words.of(row.kind())),
            Table.column("USED", row -> amount(row, row.used())),
            Table.column("LIMIT", row -> amount(row, row.limit())),
            Table.column("PERCENT", row -> Long.toString(row.percent())),
            Table.column("WHOSE", LimitsCommand::whose),
            Table.column("SET BY", Row::setting)));
  }

  private static String amount(Row row, long amount) {
    return switch (row.kind().unit()) {
      case BYTES -> ByteSize.format(amount);
      case COUNT -> Long.toString(amount);
      case HUNDREDTHS_OF_PERCENT -> String.format(Locale.ROOT, "%.2f %%", amount / 100.0);
    };
  }

  private static String whose(Row row) {
    String owner = row.owner();
    if (owner == null) {
      return row.subject();
    }
    return (owner.isEmpty() ? "no owner" : owner) + " on " + row.subject();
  }
}
