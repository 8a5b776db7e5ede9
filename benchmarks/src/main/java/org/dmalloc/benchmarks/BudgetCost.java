/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.disk.DirectLoop;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.ProcessStat;

/**
 * The program behind {@code benchmarks/budget.sh}: the cost of a resident budget for the users of a
 * region.
 *
 * <p>One thread loads from random pages of an eighth of the region, with each access timed, while
 * another passes over the whole region. With a budget of a quarter the second thread waits for the
 * disk, and the first should not notice. Without a budget, all is in RAM.
 */
public final class BudgetCost {
  private static final List<String> BACKENDS = List.of("panama", "anon", "anon-memfd");
  private static final String HELP =
      """
      usage: benchmarks/budget.sh [--backend B] [--dir DIR] [--seconds N] [--mib N]
        --backend B  panama (default), anon or anon-memfd; the last two need swap of the region's size
        --dir DIR    where the files go; it must be on a disk (default: the current directory)
        --seconds N  how long each row is measured (default 5)
        --mib N      the size of the region; the budget is a quarter of it (default 1024)
        --help       prints this
      """;
  private static final long MIB = 1L << 20;
  private static final long PAGE = 4096;
  private static final long ELSEWHERE_BYTES = 256 * MIB;
  private static final long SAMPLE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final double NANOS_PER_MICRO = 1e3;

  private final MemoryProvider provider;
  private final PrintStream out;
  private final long byteSize;
  private final long nanos;
  private final Path elsewhere;
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

  /** Keeps the loads from being optimized away. */
  volatile long sink;

  private volatile boolean stop;

  private BudgetCost(
      MemoryProvider provider, Path elsewhere, PrintStream out, long byteSize, long seconds) {
    this.provider = provider;
    this.elsewhere = elsewhere;
    this.out = out;
    this.byteSize = byteSize;
    this.nanos = TimeUnit.SECONDS.toNanos(seconds);
  }

  /** The work of the second thread. */
  private enum Other {
    NOTHING,
    RANDOM_LOADS,
    SCAN,
    RANDOM_STORES,
    /** Reads of another file past the page cache: the cost of the disk's interrupts alone. */
    READS_ELSEWHERE
  }

  public static void main(String[] words) {
    Program.main(
        "budget",
        HELP,
        words,
        given -> {
          String backend = given.text("--backend", BACKENDS.getFirst());
          if (!BACKENDS.contains(backend)) {
            throw new IllegalArgumentException(
                "--backend " + backend + "; give one of " + String.join(", ", BACKENDS));
          }
          Path parent = Path.of(given.text("--dir", ""));
          int seconds = given.number("--seconds", 5);
          int size = given.number("--mib", 1024);
          return (out, err) -> {
            Path directory = Files.createTempDirectory(parent.toAbsolutePath(), "dmalloc-budget");
            try {
              MemoryProvider provider =
                  Dmalloc.open(Map.of("directory", directory.toString())).provider(backend);
              new BudgetCost(provider, fileIn(directory), out, size * MIB, seconds).table();
            } finally {
              OpenDirectory.delete(directory);
            }
          };
        });
  }

  private static Path fileIn(Path directory) throws IOException {
    Path file = directory.resolve("elsewhere");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer zeros = ByteBuffer.allocateDirect((int) MIB);
      for (long at = 0; at < ELSEWHERE_BYTES; at += MIB) {
        channel.write(zeros.clear(), at);
      }
      channel.force(true);
    }
    return file;
  }

  private void table() throws IOException, InterruptedException {
    out.println(
        "| pattern | beside it | budget | p50, µs | p99 | p99.9 | p99.99 | max | its reads/s | its"
            + " minor faults/s | beside it, pages/s | most resident / budget | over it, share of"
            + " looks | budget thread, % of a core | observer, % |");
    out.println("|" + " --- |".repeat(15));
    List<AccessPattern> patterns =
        provider.capabilities().containsAll(Set.of(Capability.ADVICE, Capability.FORCE))
            ? List.of(AccessPattern.RANDOM, AccessPattern.AUTO)
            : List.of(AccessPattern.NORMAL);
    for (AccessPattern pattern : patterns) {
      RegionRequest request = RegionRequest.ofSize(byteSize).withPattern(pattern);
      try (MemoryRegion region = provider.allocate(request)) {
        fill(region);
        run(region, Other.RANDOM_LOADS, TimeUnit.SECONDS.toNanos(1), false); // compiles
        for (Other other : Other.values()) {
          run(region, other, nanos, true);
        }
        region.limitResident(byteSize / 4);
        for (Other other : Other.values()) {
          awaitBudget(region);
          run(region, other, nanos, true);
        }
      }
    }
  }

  private void run(MemoryRegion region, Other other, long time, boolean prints)
      throws IOException, InterruptedException {
    Histogram histogram = new Histogram(3);
    long[] pages = {0};
    long[] faults = {0, 0};
    stop = false;
    long hotPages = byteSize / 8 / PAGE;
    load(region, hotPages);
    Thread beside = Thread.ofPlatform().unstarted(() -> pages[0] = use(region, other));
    Thread hot =
        Thread.ofPlatform().unstarted(() -> timeLoads(region, hotPages, histogram, faults));
    long keeperBefore = cpuNanos();
    long observerBefore = observerNanos();
    long begin = System.nanoTime();
    beside.start();
    hot.start();
    long most = 0;
    int samples = 0;
    int over = 0;
    while (System.nanoTime() - begin < time) {
      LockSupport.parkNanos(SAMPLE_NANOS);
      long resident = region.residency().residentBytes();
      most = Math.max(most, resident);
      samples++;
      over += resident > byteSize / 4 ? 1 : 0;
    }
    stop = true;
    double took = System.nanoTime() - begin;
    hot.join();
    beside.join();
    double keeperShare = (cpuNanos() - keeperBefore) / took;
    double observerShare = (observerNanos() - observerBefore) / took;
    if (!prints) {
      return;
    }
    double seconds = took / TimeUnit.SECONDS.toNanos(1);
    long budget = region.info().residentBudget();
    boolean limited = budget != RegionRequest.NO_BUDGET;
    out.printf(
        Locale.ROOT,
        "| %s | %s | %s | %.2f | %.2f | %.2f | %.1f | %.0f | %,d | %,d | %,d | %s | %s | %s | %.2f"
            + " |%n",
        region.info().pattern(),
        other.name().toLowerCase(Locale.ROOT).replace('_', ' '),
        limited ? budget / MIB + " MiB" : "none",
        micros(histogram, 50),
        micros(histogram, 99),
        micros(histogram, 99.9),
        micros(histogram, 99.99),
        micros(histogram, 100),
        (long) (faults[0] / seconds),
        (long) (faults[1] / seconds),
        (long) (pages[0] / seconds),
        limited ? twoPlaces((double) most / budget) : "-",
        limited ? twoPlaces((double) over / samples) : "-",
        limited ? twoPlaces(100 * keeperShare) : "-",
        100 * observerShare);
  }

  private static double micros(Histogram histogram, double percentile) {
    return histogram.getValueAtPercentile(percentile) / NANOS_PER_MICRO;
  }

  private static String twoPlaces(double figure) {
    return String.format(Locale.ROOT, "%.2f", figure);
  }

  private long observerNanos() {
    return provider.paging().map(PagingStatistics::cpuNanos).orElse(0L);
  }

  private void fill(MemoryRegion region) throws MemoryException {
    for (long page = 0; page < byteSize / PAGE; page++) {
      try (Access access = region.acquire()) {
        access.segment().asSlice(page * PAGE, PAGE).fill((byte) page);
      }
    }
    if (provider.capabilities().contains(Capability.FORCE)) {
      region.force();
    }
  }

  private static void awaitBudget(MemoryRegion region) throws MemoryException {
    long begin = System.nanoTime();
    while (region.residency().residentBytes() > region.info().residentBudget()) {
      if (System.nanoTime() - begin > LIMIT_NANOS) {
        throw new IllegalStateException("the budget was not reached: " + region.residency());
      }
      LockSupport.parkNanos(SAMPLE_NANOS);
    }
  }

  private void load(MemoryRegion region, long pageCount) {
    long sum = 0;
    for (long page = 0; page < pageCount; page++) {
      try (Access access = region.acquire()) {
        sum += access.segment().get(JAVA_LONG, page * PAGE);
      }
    }
    sink = sum;
  }

  /** Also counts the thread's major and minor faults. */
  private void timeLoads(MemoryRegion region, long pageCount, Histogram histogram, long[] faults) {
    SplittableRandom random = new SplittableRandom(3);
    long[] faultsBefore = faultsOfThread();
    long sum = 0;
    long before = System.nanoTime();
    while (!stop) {
      long offset = random.nextLong(pageCount) * PAGE;
      try (Access access = region.acquire()) {
        sum += access.segment().get(JAVA_LONG, offset);
      }
      long now = System.nanoTime();
      histogram.recordValue(now - before);
      before = now;
    }
    sink = sum;
    long[] faultsAfter = faultsOfThread();
    faults[0] = faultsAfter[0] - faultsBefore[0];
    faults[1] = faultsAfter[1] - faultsBefore[1];
  }

  private static long[] faultsOfThread() {
    ProcessStat stat = ProcessStat.of(KernelFiles.ofThisMachine(), "thread-self").orElseThrow();
    return new long[] {stat.field(12).orElseThrow(), stat.field(10).orElseThrow()};
  }

  /** Uses pages of the whole region until the end. */
  private long use(MemoryRegion region, Other other) {
    if (other == Other.NOTHING) {
      return 0;
    }
    if (other == Other.READS_ELSEWHERE) {
      return readElsewhere();
    }
    SplittableRandom random = new SplittableRandom(5);
    long pages = byteSize / PAGE;
    long sum = 0;
    long done = 0;
    for (; !stop; done++) {
      long page = other == Other.SCAN ? done % pages : random.nextLong(pages);
      try (Access access = region.acquire()) {
        if (other == Other.RANDOM_STORES) {
          access.segment().set(JAVA_LONG, page * PAGE + Long.BYTES, done);
        } else {
          sum += access.segment().get(JAVA_LONG, page * PAGE);
        }
      }
    }
    sink = sum;
    return done;
  }

  private long readElsewhere() {
    SplittableRandom random = new SplittableRandom(7);
    long done = 0;
    try (FileChannel channel =
        FileChannel.open(elsewhere, StandardOpenOption.READ, DirectLoop.direct())) {
      ByteBuffer page = ByteBuffer.allocateDirect((int) (2 * PAGE)).alignedSlice((int) PAGE);
      for (; !stop; done++) {
        page.clear().limit((int) PAGE);
        channel.read(page, random.nextLong(ELSEWHERE_BYTES / PAGE) * PAGE);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return done;
  }

  /** The processor time of the budget thread, as long as it lives. */
  private long cpuNanos() {
    long sum = 0;
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("dmalloc-") && thread.getName().endsWith("-budget")) {
        sum += Math.max(0, threads.getThreadCpuTime(thread.threadId()));
      }
    }
    return sum;
  }
}
