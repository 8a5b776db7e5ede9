/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.measure.heap.HeapBenchmark;
import org.dmalloc.measure.heap.HeapBenchmarkReport;
import org.dmalloc.measure.heap.HeapPlan;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.jspecify.annotations.Nullable;

/** Measures allocating and freeing in a heap. */
public final class HeapBenchCommand extends CommandSet {
  private static final int MOST_SECONDS = 3_600;
  private static final int MOST_THREADS = 256;
  private static final long DEFAULT_SEED = 1;

  private final HeapService heaps;

  HeapBenchCommand(Providers providers, HeapService heaps) {
    super(providers, "heap bench");
    this.heaps = heaps;
  }

  @Affects(Effect.WRITE)
  @Descriptor("measures allocating and freeing; Ctrl-C stops it and frees its blocks")
  public Printable bench(
      CommandSession session,
      @Argument(
              "[ID]: id or name of a region with a heap; without it a region of its own is"
                  + " allocated for this")
          @Nullable Object id,
      @Argument("-b, --backend BACKEND: the backend of the region") @Nullable String backend,
      @Argument("-s, --size SIZE=256m: without ID, how large the region is") ByteSize size,
      @Argument("-t, --threads THREADS=1: how many threads, 1 to 256") Integer threads,
      @Argument("--least SIZE=16: the smallest block") ByteSize least,
      @Argument("--most SIZE=64k: the largest block; each doubling is equally frequent")
          ByteSize most,
      @Argument("-l, --live SIZE=32m: how much is allocated all the time, by all threads")
          ByteSize live,
      @Argument("--remote PERCENT=0: how many blocks another thread frees, 0 to 100")
          Integer remote,
      @Argument("--time SECONDS=5: how long it measures") Integer seconds,
      @Argument("--seed SEED: decides sizes and choices") @Nullable Long seed,
      @Argument(
              "--json FILE: writes the report to a file, as JSON; - prints it in place of the"
                  + " table")
          @Nullable String json)
      throws IOException, InterruptedException, CommandFailure {
    Console console = Console.of(session);
    ReportFiles<HeapBenchmarkReport> files =
        new ReportFiles<HeapBenchmarkReport>(console, "heap bench").withJson("--json", json);
    within("heap bench", "--time", seconds, 1, MOST_SECONDS, "seconds of the measurement");
    within("heap bench", "--threads", threads, 1, MOST_THREADS, "threads");
    within("heap bench", "--remote", remote, 0, 100, "percent");
    HeapPlan plan =
        plan(
            "heap bench",
            () ->
                new HeapPlan(
                    threads,
                    least.bytes(),
                    most.bytes(),
                    live.bytes(),
                    remote,
                    Duration.ofSeconds(seconds),
                    seed == null ? DEFAULT_SEED : seed));
    try (RegionLookup.Lease region = region(session, id, backend, size);
        HeapLease heap = heap(region, id == null);
        ProgressLine progress = console.progress("heap bench")) {
      progress.now(seconds + " s");
      String label = id == null ? "a region of its own" : region.label();
      HeapBenchmarkReport report = new HeapBenchmark(heap.heap(), plan).run(label);
      return files.write(report, new ReportResult(report));
    }
  }

  /** A heap for the time of the command; a borrowed one stays open. */
  private record HeapLease(Heap heap, boolean borrowed) implements AutoCloseable {
    @Override
    public void close() {
      if (!borrowed) {
        heap.close();
      }
    }
  }

  private RegionLookup.Lease region(
      CommandSession session, @Nullable Object id, @Nullable String backend, ByteSize size)
      throws MemoryException {
    if (id != null) {
      return lookup().lease(id, AccessMode.READ_WRITE, backend);
    }
    RegionRequest request = RegionRequest.ofSize(size.bytes()).withOwner("heap bench");
    return new RegionLookup.Lease(
        providers().choose(backend, Requirements.of(request), warn(session)).allocate(request),
        false);
  }

  private HeapLease heap(RegionLookup.Lease region, boolean own) throws MemoryException {
    Optional<Heap> open = heaps.find(region.region());
    if (open.isPresent()) {
      return new HeapLease(open.get(), true);
    }
    return new HeapLease(
        own
            ? heaps.create(region.region(), HeapOptions.DEFAULT)
            : heaps.open(region.region(), HeapOptions.DEFAULT),
        false);
  }
}
