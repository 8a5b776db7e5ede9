/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.compare.Sample;

/**
 * The program behind {@code benchmarks/paging.sh}: the cost of the pattern AUTO by size of the
 * region, and its distance from NORMAL where NORMAL is right.
 *
 * <p>The first table uses sparse files, so that 64 GiB need no disk. The observer's CPU budget is
 * full at the start of a region's random phase and empty in its second half, which is the steady
 * state. Scan and idle follow. The second table uses real data.
 *
 * <p><b>Cold scans and virtual machines.</b> A guest that reports its free memory gets it back from
 * the host page by page. A scan into such memory takes several times the processor time of a scan
 * into pages that were just freed. The layout of earlier content decides which case occurs. So
 * every cold scan is preceded by a read and a drop of another file of the same size, and all find
 * the same state.
 */
public final class PagingCost {
  private static final String HELP =
      """
      usage: benchmarks/paging.sh [--dir DIR] [--seconds N] [--runs N] [--largest GIB] [--real MIB]
        --dir DIR      where the files go; it must be on a disk (default: the current directory)
        --seconds N    how long each phase lasts (default 10)
        --runs N       of the second table, the median counts (default 6; 0: without it)
        --largest GIB  the largest region of the first table (default 64; 0: without it)
        --real MIB     the size of the second table's region (default 512)
        --help         prints this
      """;
  private static final long MIB = 1L << 20;
  private static final long PAGE = 4096;
  private static final String OTHER = "other";

  /** The page cache before it is dropped is bounded, because the machine must not swap. */
  private static final long KEPT_PAGES = 4096 * MIB / PAGE;

  private final Path directory;
  private final PrintStream out;
  private final long seconds;

  /** Keeps the reads from being optimized away. */
  volatile long sink;

  private PagingCost(Path directory, PrintStream out, long seconds) {
    this.directory = directory;
    this.out = out;
    this.seconds = seconds;
  }

  public static void main(String[] words) {
    Program.main(
        "paging",
        HELP,
        words,
        given -> {
          Path parent = Path.of(given.text("--dir", ""));
          int seconds = given.number("--seconds", 10);
          int runs = given.number("--runs", 6);
          int largest = given.number("--largest", 64);
          int real = given.number("--real", 512);
          return (out, err) -> {
            Path directory = Files.createTempDirectory(parent.toAbsolutePath(), "dmalloc-paging");
            try {
              PagingCost cost = new PagingCost(directory, out, seconds);
              cost.bySize(largest);
              cost.besideNormal(runs, real * MIB);
            } finally {
              OpenDirectory.delete(directory);
            }
          };
        });
  }

  private MemoryProvider provider() {
    return Dmalloc.open(Map.of("directory", directory.toString())).provider("panama");
  }

  private void bySize(long largestGib) throws IOException {
    if (largestGib == 0) {
      return;
    }
    out.println(
        "| region | open AUTO, ms | open NORMAL, ms | heap, KiB | heap, KiB/GiB | random: all, steady"
            + " | scan: all, steady | idle |");
    out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
    size(64 * MIB, 1, false); // loads what is needed
    for (long size : new long[] {256 * MIB, 1024 * MIB, 4096 * MIB, 16384 * MIB, 65536 * MIB}) {
      if (size <= largestGib * 1024 * MIB) {
        size(size, seconds, true);
      }
    }
    out.println();
  }

  /** One line; "all" is the share of one core over the phase, "steady" that in its second half. */
  private void size(long byteSize, long phaseSeconds, boolean prints) throws IOException {
    MemoryProvider provider = provider();
    RegionRequest request =
        RegionRequest.ofSize(byteSize).withName("sparse").withReservation(Reservation.SPARSE);
    provider.allocate(request).close();
    double openAuto = openMillis(provider, AccessPattern.AUTO);
    double openNormal = openMillis(provider, AccessPattern.NORMAL);
    long heapNormal = heapWithRegion(provider, AccessPattern.NORMAL);
    long heap = heapWithRegion(provider, AccessPattern.AUTO) - heapNormal;
    try (MemoryRegion region = open(provider, "sparse", AccessPattern.AUTO)) {
      SplittableRandom random = new SplittableRandom(1);
      long pages = byteSize / PAGE;
      double[] atRandom = share(provider, region, phaseSeconds, at -> random.nextLong(pages));
      double[] scan = share(provider, region, phaseSeconds, at -> at % pages);
      long before = cpu(provider);
      long begun = System.nanoTime();
      sleepUntil(begun + TimeUnit.SECONDS.toNanos(phaseSeconds));
      double idle = 100.0 * (cpu(provider) - before) / (System.nanoTime() - begun);
      if (prints) {
        double gib = byteSize / 1073741824.0;
        out.printf(
            Locale.ROOT,
            "| %s | %.2f | %.2f | %.0f | %.1f | %.2f %%, %.2f %% | %.2f %%, %.2f %% | %.3f %% |%n",
            gib < 1 ? byteSize / MIB + " MiB" : byteSize / MIB / 1024 + " GiB",
            openAuto,
            openNormal,
            heap / 1024.0,
            heap / 1024.0 / gib,
            atRandom[0],
            atRandom[1],
            scan[0],
            scan[1],
            idle);
      }
    }
    provider.delete("sparse");
  }

  private static MemoryRegion open(MemoryProvider provider, String name, AccessPattern pattern)
      throws IOException {
    return provider.open(OpenRequest.of(name).withPattern(pattern));
  }

  private static double openMillis(MemoryProvider provider, AccessPattern pattern)
      throws IOException {
    List<Double> millis = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      long begun = System.nanoTime();
      MemoryRegion region = open(provider, "sparse", pattern);
      millis.add((System.nanoTime() - begun) / 1e6);
      region.close();
    }
    return Sample.of(millis).median();
  }

  private static long heapWithRegion(MemoryProvider provider, AccessPattern pattern)
      throws IOException {
    long before = heap();
    try (MemoryRegion region = open(provider, "sparse", pattern)) {
      touch(region, 0);
      // A running thread has an allocation buffer of its own.
      PagingStatistics paging = provider.paging().orElseThrow();
      while (paging.restingRegions() < paging.watchedRegions()) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        paging = provider.paging().orElseThrow();
      }
      return heap() - before;
    }
  }

  private static void sleepUntil(long nanoTime) {
    while (System.nanoTime() < nanoTime) {
      LockSupport.parkNanos(nanoTime - System.nanoTime());
    }
  }

  private static long heap() {
    ManagementFactory.getMemoryMXBean().gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /**
   * Touches pages in an order for some time. Returns the observer's load in per cent of a core,
   * over the whole time and over the second half.
   */
  private double[] share(
      MemoryProvider provider, MemoryRegion region, long phaseSeconds, LongUnaryOperator order)
      throws IOException {
    long begun = System.nanoTime();
    long length = TimeUnit.SECONDS.toNanos(phaseSeconds);
    long cpuAtBegin = cpu(provider);
    long cpuAtHalf = 0;
    long halfAt = 0;
    long kept = Math.min(KEPT_PAGES, region.byteSize() / PAGE);
    long sum = 0;
    for (long touch = 0; ; touch++) {
      if (touch % kept == 0) {
        region.advise(Advice.PAGE_OUT);
      }
      sum += touch(region, order.applyAsLong(touch) * PAGE);
      if (touch % 64 == 0) {
        long now = System.nanoTime();
        if (halfAt == 0 && now - begun > length / 2) {
          halfAt = now;
          cpuAtHalf = cpu(provider);
        }
        if (now - begun > length) {
          sink = sum;
          long cpu = cpu(provider);
          return new double[] {
            100.0 * (cpu - cpuAtBegin) / (now - begun), 100.0 * (cpu - cpuAtHalf) / (now - halfAt)
          };
        }
      }
    }
  }

  private static long cpu(MemoryProvider provider) {
    PagingStatistics paging = provider.paging().orElseThrow();
    return paging.cpuNanos() + paging.splitCpuNanos();
  }

  private static long touch(MemoryRegion region, long offset) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, offset);
    }
  }

  private record Reached(
      double fill, double amplification, double left, double scan, double scanAfterRandom) {}

  private void besideNormal(int runs, long byteSize) throws IOException {
    if (runs == 0) {
      return;
    }
    List<Reached> auto = new ArrayList<>();
    List<Reached> normal = new ArrayList<>();
    fillOther(byteSize);
    reach(AccessPattern.AUTO, 64 * MIB);
    for (int i = 0; i < runs; i++) {
      // The order alternates, because many disks are fast for a while and then slower.
      for (boolean ours : new boolean[] {i % 2 == 0, i % 2 != 0}) {
        (ours ? auto : normal)
            .add(reach(ours ? AccessPattern.AUTO : AccessPattern.NORMAL, byteSize));
      }
    }
    out.printf(
        Locale.ROOT,
        "| %d MiB, median of %d (lowest to highest) | AUTO | NORMAL | AUTO/NORMAL |%n",
        byteSize / MIB,
        runs);
    out.println("| --- | --- | --- | --- |");
    line("first fill, MB/s", auto, normal, Reached::fill);
    line("still in the page cache before the cold scan, %", auto, normal, Reached::left);
    line("cold scan, reopened, MB/s", auto, normal, Reached::scan);
    line("cold scan after 2 s of random reads, MB/s", auto, normal, Reached::scanAfterRandom);
    line(
        "1 % random stores 0.3 s after fill and force: changed for each byte stored",
        auto, normal, Reached::amplification);
  }

  private void line(
      String name, List<Reached> auto, List<Reached> normal, Function<Reached, Double> value) {
    List<Double> ours = auto.stream().map(value).toList();
    List<Double> theirs = normal.stream().map(value).toList();
    double normally = Sample.of(theirs).median();
    out.printf(
        Locale.ROOT,
        "| %s | %s | %s | %s |%n",
        name,
        withRange(ours),
        withRange(theirs),
        normally == 0
            ? "-"
            : String.format(Locale.ROOT, "%.2f", Sample.of(ours).median() / normally));
  }

  /** Creates the file that is read before each cold scan. */
  private void fillOther(long byteSize) throws IOException {
    RegionRequest request =
        RegionRequest.ofSize(byteSize).withName(OTHER).withPattern(AccessPattern.NORMAL);
    try (MemoryRegion region = provider().allocate(request);
        Access access = region.acquire()) {
      access.segment().fill((byte) 1);
      region.force();
      region.advise(Advice.PAGE_OUT);
    }
  }

  /** Frees memory that a file has just filled. */
  private void readOther(MemoryProvider provider) throws IOException {
    try (MemoryRegion region = open(provider, OTHER, AccessPattern.NORMAL)) {
      scan(region);
      region.advise(Advice.PAGE_OUT);
    }
  }

  private Reached reach(AccessPattern pattern, long byteSize) throws IOException {
    MemoryProvider provider = provider();
    double fill;
    double amplification;
    try (MemoryRegion region =
        provider.allocate(RegionRequest.ofSize(byteSize).withName("real").withPattern(pattern))) {
      long begun = System.nanoTime();
      for (long offset = 0; offset < byteSize; offset += PAGE) {
        try (Access access = region.acquire()) {
          access.segment().asSlice(offset, PAGE).fill((byte) offset);
        }
      }
      fill = byteSize * 1e3 / (System.nanoTime() - begun);
      region.force();
      sleepUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(300));
      SplittableRandom random = new SplittableRandom(5);
      long stores = byteSize / PAGE / 100;
      for (long i = 0; i < stores; i++) {
        try (Access access = region.acquire()) {
          access.segment().set(JAVA_LONG, random.nextLong(byteSize / PAGE) * PAGE, i);
        }
      }
      amplification = (double) region.residency().dirtyBytes() / (stores * PAGE);
      region.force();
      scan(region); // PAGE_OUT sees only what is mapped
      region.advise(Advice.PAGE_OUT);
    }
    double left;
    double scan;
    double after;
    readOther(provider);
    try (MemoryRegion region = open(provider, "real", pattern)) {
      left = 100.0 * region.residency().residentBytes() / byteSize;
      scan = scan(region);
      region.advise(Advice.PAGE_OUT);
      SplittableRandom random = new SplittableRandom(6);
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
      while (System.nanoTime() < until) {
        sink = touch(region, random.nextLong(byteSize / PAGE) * PAGE);
      }
      region.advise(Advice.PAGE_OUT);
      readOther(provider);
      after = scan(region);
    }
    provider.delete("real");
    return new Reached(fill, amplification, left, scan, after);
  }

  private double scan(MemoryRegion region) {
    long begun = System.nanoTime();
    long sum = 0;
    for (long offset = 0; offset < region.byteSize(); offset += PAGE) {
      sum += touch(region, offset);
    }
    sink = sum;
    return region.byteSize() * 1e3 / (System.nanoTime() - begun);
  }

  private static String withRange(List<Double> figures) {
    return String.format(
        Locale.ROOT,
        "%.1f (%.1f to %.1f)",
        Sample.of(figures).median(),
        Collections.min(figures),
        Collections.max(figures));
  }
}
