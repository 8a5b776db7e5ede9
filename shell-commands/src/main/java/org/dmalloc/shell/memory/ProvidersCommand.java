/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
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
   * @param statistics its counts; null if it does not say
   * @param paging what finding out patterns has cost it; null if it does not
   * @param capabilities what it can do
   * @param advice the advice that it passes on
   * @param fault what is wrong with it, if it does not say all of that; else null
   */
  public record Row(
      String backend,
      int ranking,
      @Nullable ProviderStatistics statistics,
      @Nullable PagingStatistics paging,
      Set<Capability> capabilities,
      Set<Advice> advice,
      @Nullable String fault) {}

  private static final List<String> HEADS =
      List.of("BACKEND", "RANKING", "REGIONS", "OPEN", "LIMIT", "ALLOCATIONS", "FAILURES");

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
    List<Row> rows = providers().all().stream().map(this::row).toList();
    if (json) {
      return new JsonResult(rows);
    }
    if (capabilities && !rows.isEmpty()) {
      return matrix(rows);
    }
    boolean faulty = rows.stream().anyMatch(row -> row.fault() != null);
    return new Listing<>(
        rows,
        "no backend is running",
        faulty ? Stream.concat(HEADS.stream(), Stream.of("FAULT")).toList() : HEADS,
        row -> cells(row, faulty));
  }

  /** A provider that does not answer has a row as well, with what is known. */
  private Row row(Backend backend) {
    String name = providers().name(backend);
    List<String> faults = new ArrayList<>();
    ProviderStatistics statistics =
        answer(
                () -> Optional.of(backend.statistics()),
                Optional.<ProviderStatistics>empty(),
                faults)
            .orElse(null);
    PagingStatistics paging =
        answer(backend::paging, Optional.<PagingStatistics>empty(), faults).orElse(null);
    return new Row(
        name,
        backend.ranking(),
        statistics,
        paging,
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

  private static String[] cells(Row row, boolean faulty) {
    ProviderStatistics s = row.statistics();
    List<String> cells = new ArrayList<>(List.of(row.backend(), Integer.toString(row.ranking())));
    if (s == null) {
      cells.addAll(Collections.nCopies(HEADS.size() - cells.size(), "-"));
    } else {
      cells.add(Integer.toString(s.openRegions()));
      cells.add(ByteSize.format(s.openBytes()));
      cells.add(s.limitBytes() == Long.MAX_VALUE ? "-" : ByteSize.format(s.limitBytes()));
      cells.add(Long.toString(s.allocations()));
      cells.add(Long.toString(s.failures()));
    }
    if (faulty) {
      cells.add(row.fault() == null ? "-" : row.fault());
    }
    return cells.toArray(String[]::new);
  }

  private static Listing<Capability> matrix(List<Row> rows) {
    List<String> heads = new ArrayList<>(List.of("CAPABILITY"));
    rows.forEach(row -> heads.add(row.backend()));
    return new Listing<>(
        List.of(Capability.values()), "", heads, capability -> cells(capability, rows));
  }

  private static String[] cells(Capability capability, List<Row> rows) {
    List<String> cells = new ArrayList<>(List.of(Words.of(capability)));
    rows.forEach(row -> cells.add(row.capabilities().contains(capability) ? "yes" : "-"));
    return cells.toArray(String[]::new);
  }
}
