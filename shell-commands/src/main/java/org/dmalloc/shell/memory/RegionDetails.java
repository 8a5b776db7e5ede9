/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.ProtectedRange;
import org.dmalloc.api.RegionAttributes;
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
 * All attributes and states of a region.
 *
 * @param detached the fate of its file if its name no longer leads there; else null
 * @param failure why its bytes may not be what was stored; null if all is well
 * @param residency the places of its bytes; null where its backend cannot report them
 * @param protectedRanges what no store may reach
 * @param advised the advice that the kernel has, range by range
 * @param checkpoints how the checkpoints of its group stand; null if it has none
 * @param shared who else has it open; null if it is not process-shared
 * @param managed the manager's data; null if it cannot move
 * @param orphanedSince when its backend stopped; null if that still runs
 */
public record RegionDetails(
    RegionInfo info,
    @Nullable String detached,
    @Nullable String failure,
    @Nullable Residency residency,
    List<ProtectedRange> protectedRanges,
    List<AdvisedRange> advised,
    @Nullable CheckpointState checkpoints,
    @Nullable SharedWith shared,
    @Nullable ManagedRegionInfo managed,
    @Nullable Instant orphanedSince)
    implements Printable {
  private static final int MAX_RANGES = 16;

  @Override
  public String text() {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("id", Long.toString(info.id()));
    lines.put("name", Objects.requireNonNullElse(info.name(), "-"));
    lines.put("backend", info.backend());
    if (orphanedSince != null) {
      String since = seconds(orphanedSince);
      lines.put(
          "orphaned",
          "its backend stopped at " + since + "; the region stays usable until you free it");
    }
    lines.put("size", size(info.byteSize()));
    if (info.length() != info.byteSize()) {
      lines.put("length", size(info.length()));
    }
    lines.put("maximum", maximum(info));
    lines.put("backing", info.backing());
    if (!info.mapping().isEmpty()) {
      lines.put("mapping", info.mapping());
    }
    if (info.path() != null) {
      lines.put("file", info.path() + (detached == null ? "" : "; detached: " + detached));
    }
    lines.put("sharing", Words.of(info.sharing()));
    if (shared != null) {
      lines.put("processes", shared.text());
    }
    lines.put("access", Words.of(info.access()));
    addProtection(lines);
    lines.put("pattern", Words.of(info.pattern()));
    addAdvice(lines);
    lines.put("pages", Words.of(info.pageSize()));
    lines.put("locked", info.locked() ? "yes" : "no");
    lines.put("durability", durability(info));
    if (checkpoints != null) {
      checkpoints.addTo(lines, info);
    }
    if (info.checkedSections()) {
      lines.put("sections", "checked: a segment throws once its section is closed");
    }
    if (info.wipe()) {
      lines.put("wiped", "its file is overwritten with zeros before it goes");
    }
    if (failure != null) {
      lines.put("failed", failure);
    }
    if (info.writeBackFailure() != null) {
      lines.put("not written", info.writeBackFailure());
    }
    lines.put("space", Words.of(info.reservation()));
    lines.put("policies", info.policies().isEmpty() ? "-" : words(new TreeSet<>(info.policies())));
    lines.put("budget", PagingCommands.formatBudget(info.residentBudget()));
    if (!info.capabilities().isEmpty()) {
      lines.put("can do", words(info.capabilities()));
    }
    lines.put("owner", Objects.requireNonNullElse(info.owner(), "-"));
    lines.put("since", seconds(info.createdAt()));
    lines.put(
        "in use",
        info.openSections() + " open sections" + (info.pinned() ? ", pinned by its segment" : ""));
    if (residency != null) {
      addResidency(lines, residency);
    }
    if (managed != null) {
      addMoves(lines, managed);
    }
    int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0) + 2;
    StringBuilder text = new StringBuilder();
    lines.forEach(
        (key, value) ->
            text.append(key)
                .append(" ".repeat(width - key.length()))
                .append(VisibleText.of(value))
                .append('\n'));
    return text.toString().stripTrailing();
  }

  private void addProtection(Map<String, String> lines) {
    if (!protectedRanges.isEmpty()) {
      String shown =
          protectedRanges.stream()
              .limit(MAX_RANGES)
              .map(each -> ByteSize.exact(each.length()) + " at " + each.offset())
              .collect(Collectors.joining(", "));
      int more = protectedRanges.size() - MAX_RANGES;
      lines.put("protected", more <= 0 ? shown : shown + ", and " + more + " more; --json has all");
    }
  }

  /** One line for each range, unless the requested pattern holds for all of it. */
  private void addAdvice(Map<String, String> lines) {
    if (advised.size() == 1 && advised.getFirst().pattern() == info.pattern()) {
      return;
    }
    for (int i = 0; i < advised.size(); i++) {
      if (i == MAX_RANGES) {
        lines.put("advice …", (advised.size() - MAX_RANGES) + " more; --json has all");
        return;
      }
      AdvisedRange range = advised.get(i);
      lines.put(
          "advice " + (i + 1),
          String.format(
              Locale.ROOT,
              "%s from %s on: %s, %s",
              ByteSize.exact(range.length()),
              ByteSize.exact(range.offset()),
              Words.of(range.pattern()),
              Words.of(range.origin())));
    }
  }

  private void addMoves(Map<String, String> lines, ManagedRegionInfo managed) {
    lines.put("now on", managed.backend());
    lines.put("home", managed.home());
    if (!info.required().isEmpty()) {
      lines.put("requires", words(info.required()));
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
      lines.put(
          "move " + number,
          String.format(
              Locale.ROOT,
              "%s %s → %s (%s): %s",
              seconds(entry.at()),
              entry.from(),
              entry.to(),
              entry.reason(),
              result == null ? "failed: " + entry.failure() : HotswapCommand.describe(result)));
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

  private static String durability(RegionInfo info) {
    String ofStores = Words.of(info.durability());
    if (info.name() == null) {
      return ofStores;
    }
    return ofStores
        + "; its name "
        + (info.nameDurability() == NameDurability.NOW ? "at once" : "with the next flush");
  }

  private static String maximum(RegionInfo info) {
    if (info.maximum() == RegionAttributes.NO_MAXIMUM) {
      return "none";
    }
    long ceiling = info.autogrowth().ceiling();
    return size(info.maximum())
        + ", in place"
        + (ceiling == 0 ? "" : "; by itself up to " + ByteSize.exact(ceiling));
  }

  private static String size(long bytes) {
    return ByteSize.format(bytes) + (bytes < 1024 ? "" : " (" + bytes + " bytes)");
  }

  private static String seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String words(Collection<? extends Enum<?>> constants) {
    return constants.stream().map(Words::of).collect(Collectors.joining(", "));
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
