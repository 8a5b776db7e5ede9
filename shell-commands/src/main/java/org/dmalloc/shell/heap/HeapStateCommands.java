/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapLeaks;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;

/** Says what a heap holds and whether it is sound, repairs it, and gives its free space back. */
public final class HeapStateCommands extends CommandSet {
  /** How many frames of a stack a line shows. */
  private static final int SHOWN_FRAMES = 3;

  private static final int MOST_ROWS = 1000;

  /** Of a picture that goes to a file or pipe. */
  private static final int USUAL_WIDTH = 80;

  private static final int MOST_CELLS = 256;

  /** What stands in front of a line of the picture. */
  private static final int OFFSET_WIDTH = 10;

  private final OpenHeaps open;

  HeapStateCommands(Providers providers, OpenHeaps open) {
    super(
        providers,
        "heap stats",
        "heap check",
        "heap repair",
        "heap trim",
        "heap leaks",
        "heap map");
    this.open = open;
  }

  @Descriptor("shows what a heap holds: blocks by size, waste, metadata, what is in RAM, faults")
  public Printable stats(HeapArguments which, @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), AccessMode.READ_ONLY)) {
      HeapDetails details = HeapDetails.of(lease, open.kept(lease.heap()));
      return json ? new JsonResult(details) : details;
    }
  }

  @Descriptor(
      "checks the metadata of a heap; changes nothing; fails if they are damaged; Ctrl-C ends it")
  public Printable check(
      CommandSession session, HeapArguments which, @Argument("--json: as JSON") boolean json)
      throws MemoryException, CommandFailure, InterruptedException {
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), AccessMode.READ_ONLY);
        ProgressLine progress = Console.of(session).progress("heap check " + lease.label())) {
      HeapReport report = WatchedScan.run(lease.heap()::check, progress);
      return result(session, "check", lease.label(), report, json, progress);
    }
  }

  @Descriptor(
      "makes the metadata of a heap agree again; frees nothing that may be a live block; Ctrl-C"
          + " ends it, and an open heap may then wait for another repair")
  @Affects(Effect.WRITE)
  public Printable repair(
      CommandSession session, HeapArguments which, @Argument("--json: as JSON") boolean json)
      throws MemoryException, CommandFailure, InterruptedException {
    try (RegionLookup.Lease region =
            lookup().lease(which.heap(), AccessMode.READ_WRITE, which.backend());
        ProgressLine progress = Console.of(session).progress("heap repair " + region.label())) {
      Optional<Heap> heap = open.service().find(region.region());
      // One that cannot be opened is repaired as well, so it is not opened for this.
      HeapReport report =
          WatchedScan.run(
              heap.isPresent()
                  ? heap.get()::repair
                  : listener -> open.service().repair(region.region(), listener),
              progress);
      return result(session, "repair", region.label(), report, json, progress);
    }
  }

  /** What a look at a heap found; a failure of the command if it is not sound. */
  private static Printable result(
      CommandSession session,
      String command,
      String label,
      HeapReport report,
      boolean json,
      ProgressLine progress)
      throws CommandFailure {
    String looked =
        String.format(
            Locale.ROOT,
            "%s of %s: %s, %s; free %s; looked at %d pages in %.2f s",
            command,
            label,
            HeapDetails.blocks(report.liveBlocks()),
            ByteSize.format(report.liveBytes()),
            ByteSize.format(report.freeBytes()),
            report.checkedPages(),
            progress.seconds());
    Printable result;
    if (json) {
      result = new JsonResult(report);
    } else if (report.findings().isEmpty()) {
      result = Message.of(List.of(looked, "nothing is wrong"));
    } else {
      Printable findings =
          new Listing<>(
              report.findings(),
              "",
              List.of(
                  Table.column("OFFSET", found -> Long.toString(found.offset())),
                  Table.column("MENDED", found -> found.mended() ? "yes" : "no"),
                  Table.column("FINDING", HeapReport.Finding::what)));
      result = new Message(looked + '\n' + findings.text());
    }
    if (report.isSound()) {
      return result;
    }
    Console.of(session).print(result);
    long wrong = report.findings().stream().filter(found -> !found.mended()).count();
    throw CommandFailure.because(
        null,
        "heap %s: the heap of %s is damaged, %d findings; %s",
        command,
        label,
        wrong,
        command.equals("check") ? "'heap repair' mends what can be" : "see MENDED no above");
  }

  @Descriptor("gives back at once what is free: what caches hold, and the space of free pages")
  @Affects(Effect.WRITE)
  public Message trim(HeapArguments which) throws MemoryException {
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), AccessMode.READ_WRITE)) {
      long bytes = lease.heap().trim();
      return Message.of("gave back %s of %s", ByteSize.format(bytes), lease.label());
    }
  }

  /**
   * Blocks that are not freed, and were allocated at one place.
   *
   * @param threads that allocated there
   * @param stack the callers, the nearest first; empty for those that were not sampled
   */
  public record LeakRow(long blocks, long bytes, List<String> threads, List<String> stack) {
    static LeakRow of(HeapLeaks.Site site) {
      return new LeakRow(
          site.blocks(),
          site.bytes(),
          site.owners(),
          site.stack().stream().map(StackTraceElement::toString).toList());
    }

    private String allocatedBy() {
      return stack.isEmpty()
          ? "(not sampled)"
          : stack.stream().limit(SHOWN_FRAMES).collect(Collectors.joining(" < "));
    }
  }

  @Descriptor("lists blocks that are not freed, by the stack that allocated them; needs --sites")
  public Printable leaks(HeapArguments which, @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), AccessMode.READ_ONLY)) {
      if (lease.heap().options().debug().sitesEvery() == 0) {
        throw UsageException.of(
            "heap leaks: nobody records who allocates in %s; close its heap, then"
                + " 'heap open %1$s --sites 1'",
            lease.label());
      }
      List<LeakRow> rows = lease.heap().leaks().sites().stream().map(LeakRow::of).toList();
      if (json) {
        return new JsonResult(rows);
      }
      return new Listing<>(
          rows,
          "no block is left that was allocated since the heap was opened",
          List.of(
              Table.column("BLOCKS", row -> Long.toString(row.blocks)),
              Table.column("BYTES", row -> ByteSize.format(row.bytes)),
              Table.column("THREADS", row -> String.join(",", row.threads)),
              Table.column("ALLOCATED BY", LeakRow::allocatedBy)));
    }
  }

  @Descriptor("draws what the pages of a heap are used for")
  public Printable map(
      CommandSession session,
      HeapArguments which,
      @Argument("--rows ROWS=16: the most lines of the picture, 1 to 1000") Integer rows,
      @Argument("--json: the cells of the picture as JSON") boolean json)
      throws MemoryException {
    within("heap map", "--rows", rows, 1, MOST_ROWS, "lines of the picture");
    Console console = Console.of(session);
    int width = Math.clamp(console.width().orElse(USUAL_WIDTH) - OFFSET_WIDTH, 1, MOST_CELLS);
    try (OpenHeaps.Lease lease = open.lease(which, lookup(), AccessMode.READ_ONLY)) {
      boolean plain =
          console.width().isEmpty() || String.valueOf(session.get("TERM")).startsWith("dumb");
      HeapMap map = HeapMap.of(lease.heap(), lease.label(), width, rows, plain);
      return json ? new JsonResult(map) : map;
    }
  }

  @Override
  public Optional<List<String>> candidates(String placeholder) {
    return HeapCandidates.of(providers(), open, placeholder);
  }
}
