/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.List;
import java.util.Set;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.shell.output.Json;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Table;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Lists the backends. */
public final class ProvidersCommand extends Command {
  /**
   * A backend in the list.
   *
   * @param backend its name
   * @param ranking its service ranking
   * @param statistics its counts
   * @param paging what finding out patterns has cost it; null if it does not
   * @param capabilities what it can do
   * @param advice the advice that it passes on
   */
  public record Row(
      String backend,
      int ranking,
      ProviderStatistics statistics,
      @Nullable PagingStatistics paging,
      Set<Capability> capabilities,
      Set<Advice> advice) {}

  /** Makes the command. */
  public ProvidersCommand(Providers providers) {
    super("providers", providers);
  }

  /** Lists the backends, best first. */
  @Descriptor("lists the backends, the one that is taken without -b first")
  public Object providers(
      @Descriptor("what each can do, as a table")
          @Parameter(
              names = {"-c", "--capabilities"},
              presentValue = "true",
              absentValue = "false")
          boolean capabilities,
      @Descriptor("all of it as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json) {
    List<Row> rows = providers().ranked().stream().map(ProvidersCommand::row).toList();
    if (json) {
      return new Json(rows);
    }
    if (capabilities && !rows.isEmpty()) {
      return new Message(matrix(rows));
    }
    return new Listing<>(
        rows,
        "no backend is running",
        List.of("BACKEND", "RANKING", "REGIONS", "OPEN", "LIMIT", "ALLOCATIONS", "FAILURES"),
        ProvidersCommand::cells);
  }

  private static Row row(Providers.Ranked ranked) {
    MemoryProvider provider = ranked.provider();
    return new Row(
        provider.name(),
        ranked.ranking(),
        provider.statistics(),
        provider.paging().orElse(null),
        provider.capabilities(),
        provider.supportedAdvice());
  }

  private static String[] cells(Row row) {
    ProviderStatistics s = row.statistics();
    return new String[] {
      row.backend(),
      Integer.toString(row.ranking()),
      Integer.toString(s.openRegions()),
      ByteSize.format(s.openBytes()),
      s.limitBytes() == Long.MAX_VALUE ? "-" : ByteSize.format(s.limitBytes()),
      Long.toString(s.allocations()),
      Long.toString(s.failures())
    };
  }

  private static String matrix(List<Row> rows) {
    String[] heads = new String[rows.size() + 1];
    heads[0] = "CAPABILITY";
    for (int i = 0; i < rows.size(); i++) {
      heads[i + 1] = rows.get(i).backend();
    }
    Table table = new Table(heads);
    for (Capability capability : Capability.values()) {
      String[] cells = new String[heads.length];
      cells[0] = Words.of(capability);
      for (int i = 0; i < rows.size(); i++) {
        cells[i + 1] = rows.get(i).capabilities().contains(capability) ? "yes" : "-";
      }
      table.row(cells);
    }
    return table.toString();
  }
}
