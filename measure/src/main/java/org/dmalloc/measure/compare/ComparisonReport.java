/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.measure.report.Report;

/**
 * What a comparison found.
 *
 * @param format the version of this record's JSON form
 * @param started when, in ISO 8601
 * @param seconds how long it took
 * @param byteSize the memory of each contender
 * @param limitBytes the memory limit; 0 where none was permitted
 * @param limitedBy how it was set, or why not
 * @param cellSeconds how long each cell was measured, in the last run
 * @param runs how often
 * @param seed decided content and order
 * @param storage where files lay
 * @param pageCluster vm.page-cluster, where it was not varied
 * @param swap the swap areas, with the temporary one
 * @param machine the machine
 * @param contenders who was compared, in order
 * @param cells what was measured
 * @param obstacles what stands against every verdict, and what to do about it
 * @param notCompared who or what was not, and what would permit it
 * @param notes what else should be known
 */
public record ComparisonReport(
    int format,
    String started,
    double seconds,
    long byteSize,
    long limitBytes,
    String limitedBy,
    double cellSeconds,
    int runs,
    long seed,
    String storage,
    String pageCluster,
    List<SwapDevice> swap,
    MachineDescription machine,
    List<Entrant> contenders,
    List<Cell> cells,
    List<String> obstacles,
    List<String> notCompared,
    List<String> notes)
    implements Report {
  /** The version of this record's JSON form. */
  public static final int FORMAT = 4;

  /** Copies the lists. */
  public ComparisonReport {
    swap = List.copyOf(swap);
    contenders = List.copyOf(contenders);
    cells = List.copyOf(cells);
    obstacles = List.copyOf(obstacles);
    notCompared = List.copyOf(notCompared);
    notes = List.copyOf(notes);
  }

  /**
   * A contender, for readers.
   *
   * @param id its name
   * @param family what holds its bytes
   * @param announced whether it announces pages in batches
   * @param note what the child said about its memory
   * @param command the command that allocates such memory; empty if none does
   * @param settings kernel settings while it ran, by their file
   * @param peakChargedBytes the most that its cgroup was charged for, page cache and JVM included;
   *     {@link Measurement#UNKNOWN} where the kernel does not tell
   */
  public record Entrant(
      String id,
      Family family,
      boolean announced,
      String note,
      String command,
      Map<String, String> settings,
      long peakChargedBytes) {}

  /**
   * One workload over one contender.
   *
   * @param workload what was done
   * @param contender by whom
   * @param runs the figures of each run; empty if all failed
   * @param failure why a run gave none; empty if all did
   */
  public record Cell(
      ComparedWorkload workload, String contender, List<Measurement> runs, String failure) {
    /** Copies the list. */
    public Cell {
      runs = List.copyOf(runs);
    }

    /** Operations per second. */
    public Optional<Sample> speed() {
      return runs.isEmpty()
          ? Optional.empty()
          : Optional.of(Sample.of(runs.stream().map(Measurement::operationsPerSecond).toList()));
    }
  }

  @Override
  public String text(int width) {
    return ComparisonTable.render(this, width);
  }

  @Override
  public JsonObject json() {
    return ComparisonJson.tree(this);
  }

  @Override
  public String summary() {
    return String.format(Locale.ROOT, "comparison of %d cells, %s", cells.size(), started);
  }

  /** The page: verdicts, plots and all figures. */
  public String html() {
    return ComparisonHtml.render(this);
  }

  /** The workloads that were measured, in their order. */
  public List<ComparedWorkload> workloads() {
    return cells.stream().map(Cell::workload).distinct().sorted().toList();
  }

  /** The contender of a name. */
  public Entrant entrant(String id) {
    return contenders.stream()
        .filter(entrant -> entrant.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no contender " + id + " in this report"));
  }

  /** The cells of a workload, in the order of the contenders. */
  public List<Cell> cellsOf(ComparedWorkload workload) {
    return cells.stream().filter(cell -> cell.workload() == workload).toList();
  }
}
