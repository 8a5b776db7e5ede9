/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Residency;
import org.dmalloc.api.VisibleText;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.api.move.MoveRecord;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.report.Lines;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/**
 * Everything about a region.
 *
 * @param info what it is
 * @param detached what became of its file if its name does not lead there any more; else null
 * @param residency where its bytes are; null where its backend cannot tell
 * @param advised what the kernel has been told about the order of accesses, range by range
 * @param managed what the manager knows of it; null if it cannot move
 * @param orphanedSince when its backend stopped; null if that still runs
 */
public record RegionDetails(
    RegionInfo info,
    @Nullable String detached,
    @Nullable Residency residency,
    List<AdvisedRange> advised,
    @Nullable ManagedRegionInfo managed,
    @Nullable Instant orphanedSince)
    implements Printable {
  private static final int MAX_RANGES = 16;

  @Override
  public String text() {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("id", Long.toString(info.id()));
    lines.put("name", info.name() == null ? "-" : info.name());
    lines.put("backend", info.backend());
    if (orphanedSince != null) {
      lines.put(
          "orphaned",
          "its backend stopped at "
              + orphanedSince.truncatedTo(ChronoUnit.SECONDS)
              + "; the region stays usable until you free it");
    }
    lines.put("size", size(info.byteSize()));
    lines.put("backing", info.backing());
    if (info.path() != null) {
      lines.put("file", info.path() + (detached == null ? "" : "; detached: " + detached));
    }
    lines.put("sharing", Words.of(info.sharing()));
    lines.put("access", Words.of(info.access()));
    lines.put("pattern", Words.of(info.pattern()));
    addAdvice(lines);
    lines.put("pages", Words.of(info.pageSize()));
    lines.put("locked", info.locked() ? "yes" : "no");
    lines.put("durability", Words.of(info.durability()));
    if (info.writeBackFailure() != null) {
      lines.put("not written", info.writeBackFailure());
    }
    lines.put("disk space", Words.of(info.reservation()));
    lines.put(
        "policies",
        info.policies().isEmpty()
            ? "-"
            : info.policies().stream().sorted().map(Words::of).collect(Collectors.joining(", ")));
    lines.put("budget", BudgetCommand.format(info.residentBudget()));
    if (!info.capabilities().isEmpty()) {
      lines.put(
          "can do", info.capabilities().stream().map(Words::of).collect(Collectors.joining(", ")));
    }
    lines.put("owner", info.owner() == null ? "-" : info.owner());
    lines.put("since", info.createdAt().truncatedTo(ChronoUnit.SECONDS).toString());
    lines.put(
        "in use",
        info.openSections() + " open sections" + (info.pinned() ? ", pinned by its segment" : ""));
    if (residency != null) {
      addResidency(lines, residency);
    }
    if (managed != null) {
      addMoves(lines, info, managed);
    }
    int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0);
    return lines.entrySet().stream()
        .map(
            e ->
                e.getKey()
                    + " ".repeat(width - e.getKey().length())
                    + "  "
                    + VisibleText.of(e.getValue()))
        .collect(Collectors.joining("\n"));
  }

  /** One line for each range, unless one pattern holds for all of it and was asked for. */
  private void addAdvice(Map<String, String> lines) {
    if (advised.size() == 1 && advised.getFirst().pattern() == info.pattern()) {
      return;
    }
    int number = 0;
    for (AdvisedRange range : advised) {
      number++;
      if (number > MAX_RANGES) {
        lines.put(
            "advice …",
            String.format(Locale.ROOT, "%d more; --json has all", advised.size() - MAX_RANGES));
        return;
      }
      lines.put(
          "advice " + number,
          String.format(
              Locale.ROOT,
              "%s from %s on: %s, %s",
              amount(range.length()),
              amount(range.offset()),
              Words.of(range.pattern()),
              Words.of(range.origin())));
    }
  }

  private static String amount(long bytes) {
    return bytes < 1024 ? bytes + " B" : ByteSize.format(bytes);
  }

  private static void addMoves(
      Map<String, String> lines, RegionInfo info, ManagedRegionInfo managed) {
    lines.put("now on", managed.backend());
    lines.put("home", managed.home());
    if (!info.required().isEmpty()) {
      lines.put(
          "requires", info.required().stream().map(Words::of).collect(Collectors.joining(", ")));
    }
    lines.put("bundle", managed.bundle());
    if (managed.stranded() != null) {
      lines.put("stranded", managed.stranded());
    }
    lines.put("moves", Long.toString(managed.moves()));
    int number = 0;
    for (MoveRecord entry : managed.history()) {
      number++;
      MoveResult result = entry.result();
      String outcome =
          result == null ? "failed: " + entry.failure() : HotswapCommand.describe(result);
      lines.put(
          "move " + number,
          String.format(
              Locale.ROOT,
              "%s %s → %s (%s): %s",
              entry.at().truncatedTo(ChronoUnit.SECONDS),
              entry.from(),
              entry.to(),
              entry.reason(),
              outcome));
    }
  }

  private static void addResidency(Map<String, String> lines, Residency r) {
    count(lines, "in RAM", r.residentBytes(), r.byteSize(), " (" + r.source() + ")");
    count(lines, "mapped", r.mappedBytes(), r.byteSize(), "");
    count(lines, "dirty", r.dirtyBytes(), r.byteSize(), "");
    count(lines, "in swap", r.swappedBytes(), r.byteSize(), "");
    count(lines, "huge", r.hugeBytes(), r.byteSize(), "");
    count(lines, "in lock", r.lockedBytes(), r.byteSize(), "");
  }

  private static void count(
      Map<String, String> lines, String key, long bytes, long of, String remark) {
    if (bytes != Residency.UNKNOWN) {
      long percent = of == 0 ? 0 : Math.round(100.0 * bytes / of);
      String share = bytes > 0 && percent == 0 ? "under 1 %" : percent + " %";
      lines.put(key, ByteSize.format(bytes) + ", " + share + remark);
    }
  }

  private static String size(long bytes) {
    return bytes < 1024 ? bytes + " B" : ByteSize.format(bytes) + " (" + bytes + " bytes)";
  }

  @Override
  public Printable fitting(int width) {
    return new Message(Lines.wrap(text(), width));
  }

  @Override
  public String line() {
    return RegionLookup.label(info);
  }
}
