/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Lists the backends. */
public final class ProvidersCommand extends CommandSet {
  /**
   * A backend in the list.
   *
   * @param statistics its counters; null if it does not answer
   * @param paging the cost of its pattern detection; null if it detects none
   * @param fault the reason if it does not answer completely; else null
   */
  public record Row(
      String backend,
      int ranking,
      @Nullable ProviderStatistics statistics,
      @Nullable PagingStatistics paging,
      Set<Capability> capabilities,
      Set<Advice> advice,
      @Nullable String fault) {}

  public ProvidersCommand(Providers providers) {
    super(providers, "providers");
  }

  @Descriptor("lists the backends, the one that is taken without -b first")
  public Printable providers(
      @Argument("-c, --capabilities: what each can do, as a table") boolean capabilities,
      @Argument("--json: all of it as JSON") boolean json) {
    List<Row> rows = providers().all().stream().map(this::row).toList();
    if (json) {
      return new JsonResult(rows);
    }
    if (capabilities && !rows.isEmpty()) {
      List<Table.Column<Capability>> columns = new ArrayList<>();
      columns.add(Table.column("CAPABILITY", Words::of));
      for (Row row : rows) {
        columns.add(
            Table.column(row.backend(), each -> row.capabilities().contains(each) ? "yes" : "-"));
      }
      return new Listing<>(List.of(Capability.values()), "", columns);
    }
    List<Table.Column<Row>> columns =
        new ArrayList<>(
            List.of(
                Table.column("BACKEND", Row::backend),
                Table.column("RANKING", row -> Integer.toString(row.ranking())),
                column("REGIONS", s -> Integer.toString(s.openRegions())),
                column("OPEN", s -> ByteSize.format(s.openBytes())),
                column("LIMIT", ProvidersCommand::limit),
                column("ALLOCATIONS", s -> Long.toString(s.allocations())),
                column("FAILURES", s -> Long.toString(s.failures()))));
    if (rows.stream().anyMatch(row -> row.fault() != null)) {
      columns.add(Table.column("FAULT", row -> Objects.requireNonNullElse(row.fault(), "-")));
    }
    return new Listing<>(rows, "no backend is running", columns);
  }

  /** A column of a backend's counters, which may be missing. */
  private static Table.Column<Row> column(String title, Function<ProviderStatistics, String> cell) {
    return Table.column(
        title,
        row -> {
          ProviderStatistics statistics = row.statistics();
          return statistics == null ? "-" : cell.apply(statistics);
        });
  }

  private static String limit(ProviderStatistics statistics) {
    long bytes = statistics.limitBytes();
    return bytes == Long.MAX_VALUE ? "-" : ByteSize.format(bytes);
  }

  /** A provider that does not answer has a row with what is known. */
  private Row row(Backend backend) {
    String name = providers().name(backend);
    List<String> faults = new ArrayList<>();
    Optional<ProviderStatistics> statistics =
        answer(() -> Optional.of(backend.statistics()), Optional.empty(), faults);
    Optional<PagingStatistics> paging = answer(backend::paging, Optional.empty(), faults);
    return new Row(
        name,
        backend.ranking(),
        statistics.orElse(null),
        paging.orElse(null),
        answer(backend::capabilities, Set.<Capability>of(), faults),
        answer(backend::supportedAdvice, Set.<Advice>of(), faults),
        faults.isEmpty() ? null : String.join("; ", faults));
  }

  private static <T> T answer(Supplier<T> question, T otherwise, List<String> faults) {
    try {
      return question.get();
    } catch (ProviderFault e) {
      faults.add(e.reason());
      return otherwise;
    }
  }
}
