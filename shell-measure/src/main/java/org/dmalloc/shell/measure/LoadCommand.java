/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.measure.WrongContentException;
import org.dmalloc.measure.move.PageWriter;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Writes to regions in the background while they are moved. */
public final class LoadCommand extends CommandSet {
  private static final double STANDARD_PERCENT = 1;

  private final Map<Long, Load> loads = new ConcurrentSkipListMap<>();

  public LoadCommand(Providers providers) {
    super(providers, "load");
  }

  /** A region that is written to. */
  private record Load(long id, String label, double pagesPerSecond, PageWriter writer, long since) {
    Row row() {
      return new Row(id, label, pagesPerSecond, writer.writes(), writer.longestNanos(), state());
    }

    String state() {
      Throwable failure = writer.failure();
      return failure != null
          ? "ended: " + failure.getMessage()
          : writer.running() ? "writing" : "done";
    }
  }

  /**
   * A line of the list.
   *
   * @param label its name, or its id
   * @param pagesPerSecond requested stores per second, each to a random page
   * @param longestNanos the longest store
   * @param state whether it goes on, and if not, why
   */
  public record Row(
      long id, String label, double pagesPerSecond, long writes, long longestNanos, String state) {}

  @Descriptor(
      "writes to random pages of a region in the background; their first 8 bytes are overwritten;"
          + " without ID lists the writers")
  @Affects(Effect.WRITE)
  public Printable load(
      @Argument("[ID]: id or name of an open region") @Nullable Object id,
      @Argument("-w, --written PERCENT: pages to write per second, in percent of all; default 1")
          @Nullable Double written,
      @Argument("-r, --rate PAGES: pages to write per second") @Nullable Integer rate,
      @Argument("--seconds SECONDS: ends it after this time") @Nullable Integer seconds,
      @Argument(
              "--stop: ends the writer of the region, or without ID all, and checks what they"
                  + " wrote")
          boolean stop,
      @Argument("--json: the list as JSON") boolean json)
      throws CommandFailure {
    if (stop) {
      return stop(id);
    }
    if (id == null) {
      return list(json);
    }
    return start(lookup().open(id), written, rate, seconds);
  }

  /** The requested rate in pages per second. */
  private static double rate(double pages, @Nullable Double written, @Nullable Integer rate) {
    if (written != null && rate != null) {
      throw new UsageException("load: give --written or --rate, not both");
    }
    if (rate != null) {
      if (rate < 1) {
        throw UsageException.of("load: --rate %d; give at least 1", rate);
      }
      return rate;
    }
    double percent = written == null ? STANDARD_PERCENT : written;
    if (!(percent > 0 && percent <= 1000)) {
      throw UsageException.of(
          "load: --written %s; give more than 0, and at most 1000 percent", written);
    }
    return pages * percent / 100;
  }

  private Message start(
      MemoryRegion region,
      @Nullable Double written,
      @Nullable Integer rate,
      @Nullable Integer seconds)
      throws CommandFailure {
    double pages = (double) region.byteSize() / PageWriter.PAGE_BYTES;
    double pagesPerSecond = rate(pages, written, rate);
    String label = RegionLookup.label(region.info());
    if (seconds != null && seconds < 1) {
      throw UsageException.of("load: --seconds %d; give at least 1", seconds);
    }
    if (region.info().access() == AccessMode.READ_ONLY) {
      throw UsageException.of("load: %s is open for reading only", label);
    }
    long id = region.id();
    synchronized (loads) {
      Load before = loads.get(id);
      if (before != null) {
        throw CommandFailure.because(
            null,
            "load: %s has a writer already (%s); end it by 'load --stop %d'",
            label,
            before.state(),
            id);
      }
      PageWriter writer = PageWriter.start(region, "load " + id, System.nanoTime());
      if (seconds != null) {
        writer.endAfter(Duration.ofSeconds(seconds));
      }
      writer.rate(pagesPerSecond);
      loads.put(id, new Load(id, label, pagesPerSecond, writer, System.nanoTime()));
    }
    double share = 100 * pagesPerSecond / pages;
    return Message.of(
        "writing to %s: %.0f pages/s, %s %% of it each second; %s",
        label,
        pagesPerSecond,
        String.format(Locale.ROOT, share < 1 ? "%.2g" : "%.1f", share),
        seconds == null ? "end it by 'load --stop'" : "for " + seconds + " s");
  }

  private Printable list(boolean json) {
    List<Row> rows = loads.values().stream().map(Load::row).toList();
    if (json) {
      return new JsonResult(rows);
    }
    return new Listing<>(
        rows,
        "no region is written to; see 'load --help'",
        List.of(
            Table.column("ID", row -> Long.toString(row.id)),
            Table.column("REGION", Row::label),
            Table.column("PAGES/S", row -> String.format(Locale.ROOT, "%.0f", row.pagesPerSecond)),
            Table.column("WRITES", row -> Long.toString(row.writes)),
            Table.column("LONGEST", row -> millis(row.longestNanos)),
            Table.column("STATE", Row::state)));
  }

  private Message stop(@Nullable Object id) throws CommandFailure {
    List<Long> ids = id == null ? List.copyOf(loads.keySet()) : List.of(idOf(id));
    List<String> lines = new ArrayList<>();
    for (long each : ids) {
      Load load = loads.remove(each);
      if (load == null) {
        throw UsageException.of("load: region %d has no writer; see 'load'", each);
      }
      lines.add(end(load));
    }
    return Message.of(lines.isEmpty() ? List.of("no region is written to") : lines);
  }

  /** Finds writers of regions that were closed meanwhile, too. */
  private long idOf(Object reference) {
    String word = reference.toString();
    return loads.values().stream()
        .filter(load -> load.label.equals(word) || Long.toString(load.id).equals(word))
        .map(load -> load.id)
        .findFirst()
        .orElseGet(() -> lookup().open(reference).id());
  }

  private static String end(Load load) throws CommandFailure {
    String state = load.state();
    load.writer.close();
    String line =
        String.format(
            Locale.ROOT,
            "%s: %d writes in %.1f s, the longest took %s",
            load.label,
            load.writer.writes(),
            (System.nanoTime() - load.since) / 1e9,
            millis(load.writer.longestNanos()));
    if (load.writer.failure() != null) {
      return line + "; " + state;
    }
    try {
      load.writer.check();
    } catch (WrongContentException e) {
      throw CommandFailure.because(e, "load: %s; %s", line, e.getMessage());
    } catch (IllegalStateException e) {
      return line + "; not checked: " + e.getMessage();
    }
    return line + "; all are there";
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.2f ms", nanos / 1e6);
  }

  /** Ends all writers with the bundle. */
  @Override
  protected void stopped() {
    loads.values().forEach(load -> load.writer.close());
    loads.clear();
  }
}
