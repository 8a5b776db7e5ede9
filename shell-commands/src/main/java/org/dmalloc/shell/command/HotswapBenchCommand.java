/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.MoveOptions;
import org.dmalloc.api.MoveResult;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.shell.output.Json;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * Measures moves: how long users wait and how fast the bytes go, beside a plain copy of the whole
 * region between fresh regions of the same two backends, for which they would wait all along.
 */
public final class HotswapBenchCommand extends Command {
  private static final ByteSize STANDARD = new ByteSize(64L << 20);
  private static final int PAGE = 4096;
  private static final String MANAGED = "managed";

  /** Makes the command. */
  public HotswapBenchCommand(Providers providers) {
    super("hotswapbench", providers);
  }

  /**
   * One direction.
   *
   * @param from the backend left
   * @param to the backend reached
   * @param byteSize the region's size
   * @param writtenPercent pages written per second while it moves, in percent of all
   * @param moves how many moves were measured
   * @param pauseP50Millis the median of the users' wait
   * @param pauseP99Millis its 99th percentile
   * @param pauseMaxMillis the longest
   * @param moveMegabytesPerSecond the region's size by the median time of a whole move
   * @param copyMillis the median time of the plain copy, which is the wait under a lock
   * @param copyMegabytesPerSecond its speed
   * @param method how written pages were found
   */
  public record Row(
      String from,
      String to,
      long byteSize,
      double writtenPercent,
      int moves,
      double pauseP50Millis,
      double pauseP99Millis,
      double pauseMaxMillis,
      double moveMegabytesPerSecond,
      double copyMillis,
      double copyMegabytesPerSecond,
      String method) {}

  /** Measures moves between two backends, both ways. */
  @Descriptor("measures moves between two backends, both ways, beside a plain copy under a lock")
  public Object hotswapbench(
      CommandSession session,
      @Descriptor("BACKEND: one") String one,
      @Descriptor("BACKEND: the other") String other,
      @Descriptor("SIZE: of the region; without it 64m")
          @Parameter(
              names = {"-s", "--size"},
              absentValue = "")
          @Nullable ByteSize size,
      @Descriptor("PERCENT: pages written per second meanwhile; without it 1")
          @Parameter(names = "--written", absentValue = "1")
          Integer writtenPercent,
      @Descriptor("COUNT: moves in each direction; without it 20")
          @Parameter(names = "--moves", absentValue = "20")
          Integer moves,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json)
      throws MemoryException {
    if (moves < 1 || writtenPercent < 0) {
      throw new UsageException("hotswapbench: give at least 1 move and 0 percent");
    }
    long bytes = (size == null ? STANDARD : size).bytes();
    List<Row> rows = new ArrayList<>();
    try (ProgressLine progress = Console.of(session).progress("hotswapbench");
        MemoryRegion region =
            providers().choose(MANAGED).allocate(RegionRequest.ofSize(bytes).withOwner("bench"))) {
      fill(region);
      List<MoveResult> there = new ArrayList<>();
      List<MoveResult> back = new ArrayList<>();
      try (Writer writer = new Writer(region, writtenPercent)) {
        move(region, one);
        for (int i = 0; i < moves; i++) {
          progress.now("move %d of %d".formatted(i + 1, moves));
          there.add(move(region, other));
          back.add(move(region, one));
        }
        writer.check();
      }
      progress.now("plain copies");
      rows.add(row(one, other, bytes, writtenPercent, there));
      rows.add(row(other, one, bytes, writtenPercent, back));
    }
    if (json) {
      return new Json(rows);
    }
    return new Listing<>(
        rows,
        "",
        List.of(
            "FROM",
            "TO",
            "SIZE",
            "WRITTEN/S",
            "PAUSE P50",
            "P99",
            "MAX",
            "MOVE",
            "COPY UNDER LOCK",
            "COPY",
            "BY"),
        HotswapBenchCommand::cells);
  }

  private MoveResult move(MemoryRegion region, String backend) throws MemoryException {
    return providers()
        .mover()
        .move(region.id(), backend, MoveOptions.DEFAULT, ProgressListener.NONE);
  }

  private static void fill(MemoryRegion region) {
    try (Access access = region.acquire()) {
      for (long at = 0; at + Long.BYTES <= region.byteSize(); at += Long.BYTES) {
        access.segment().set(JAVA_LONG, at, at * 0x9E3779B97F4A7C15L);
      }
    }
  }

  private Row row(
      String from, String to, long bytes, double writtenPercent, List<MoveResult> results)
      throws MemoryException {
    double[] pauses = results.stream().mapToDouble(r -> r.pauseNanos() / 1e6).sorted().toArray();
    double[] times = results.stream().mapToDouble(MoveResult::elapsedNanos).sorted().toArray();
    double[] copies = new double[Math.min(results.size(), 5)];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = copyNanos(providers().choose(from), providers().choose(to), bytes);
    }
    Arrays.sort(copies);
    return new Row(
        from,
        to,
        bytes,
        writtenPercent,
        results.size(),
        quantile(pauses, 0.5),
        quantile(pauses, 0.99),
        quantile(pauses, 1),
        bytes * 1e3 / quantile(times, 0.5),
        quantile(copies, 0.5) / 1e6,
        bytes * 1e3 / quantile(copies, 0.5),
        results.getLast().method());
  }

  private static double quantile(double[] sorted, double share) {
    return sorted[Math.min(sorted.length - 1, (int) Math.ceil(share * sorted.length) - 1)];
  }

  /** The time of one {@code MemorySegment.copy} of a filled region into a fresh one. */
  private static double copyNanos(MemoryProvider from, MemoryProvider to, long bytes)
      throws MemoryException {
    try (MemoryRegion source = from.allocate(RegionRequest.ofSize(bytes));
        MemoryRegion target = to.allocate(RegionRequest.ofSize(bytes))) {
      fill(source);
      long start = System.nanoTime();
      try (Access read = source.acquire();
          Access write = target.acquire()) {
        write.segment().copyFrom(read.segment());
      }
      return System.nanoTime() - start;
    }
  }

  private static String[] cells(Row row) {
    return new String[] {
      row.from(),
      row.to(),
      ByteSize.format(row.byteSize()),
      String.format(Locale.ROOT, "%.0f %%", row.writtenPercent()),
      millis(row.pauseP50Millis()),
      millis(row.pauseP99Millis()),
      millis(row.pauseMaxMillis()),
      String.format(Locale.ROOT, "%.0f MB/s", row.moveMegabytesPerSecond()),
      millis(row.copyMillis()),
      String.format(Locale.ROOT, "%.0f MB/s", row.copyMegabytesPerSecond()),
      row.method()
    };
  }

  private static String millis(double millis) {
    return String.format(Locale.ROOT, "%.2f ms", millis);
  }

  /** Writes a word to so many random pages per second, and knows what it wrote last. */
  private static final class Writer implements AutoCloseable {
    private static final long TICK_NANOS = 1_000_000;

    private final MemoryRegion region;
    private final long pages;
    private final long pagesPerSecond;
    private final long[] expected;
    private final Thread thread;
    private volatile boolean stop;
    private volatile @Nullable Throwable failure;

    Writer(MemoryRegion region, double percent) {
      this.region = region;
      this.pages = Math.max(1, region.byteSize() / PAGE);
      this.pagesPerSecond = (long) (pages * percent / 100);
      this.expected = new long[(int) pages];
      this.thread = Thread.ofPlatform().daemon().name("hotswapbench writer").start(this::run);
    }

    private void run() {
      RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
      long start = System.nanoTime();
      long written = 0;
      try {
        while (!stop) {
          long due = (long) ((System.nanoTime() - start) / 1e9 * pagesPerSecond);
          for (; written < due && !stop; written++) {
            int page = (int) random.nextLong(pages);
            try (Access access = region.acquire()) {
              access.segment().set(JAVA_LONG, (long) page * PAGE, written + 1);
            }
            expected[page] = written + 1;
          }
          LockSupport.parkNanos(TICK_NANOS);
        }
      } catch (RuntimeException | Error e) {
        failure = e;
      }
    }

    /** Stops, and compares every page. */
    void check() {
      close();
      if (failure != null) {
        throw new IllegalStateException("the writer failed: " + failure.getMessage(), failure);
      }
      try (Access access = region.acquire()) {
        for (int page = 0; page < pages; page++) {
          long found = access.segment().get(JAVA_LONG, (long) page * PAGE);
          if (expected[page] != 0 && found != expected[page]) {
            throw new IllegalStateException(
                "page %d lost a write: %d, not %d".formatted(page, found, expected[page]));
          }
        }
      }
    }

    @Override
    public void close() {
      stop = true;
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true; // the writer ends within a tick
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
