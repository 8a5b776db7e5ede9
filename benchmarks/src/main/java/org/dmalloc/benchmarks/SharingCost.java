/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.linux.OpenDirectory;

/**
 * The program behind {@code benchmarks/sharing.sh}: what several JVMs do to one region, beside as
 * many threads of one JVM.
 */
public final class SharingCost {
  private static final String HELP =
      """
      usage: benchmarks/sharing.sh [--backend B] [--dir DIR] [--seconds N]
        --backend B  panama (default) or filechannel
        --dir DIR    where the file goes (default: the current directory)
        --seconds N  how long each row is measured (default 2)
        --help       prints this
      """;
  private static final String NAME = "shared";
  private static final OpenRequest SHARED = OpenRequest.of(NAME).withProcessShared(true);
  private static final long PAGE = 4096;
  private static final VarHandle VALUE = JAVA_LONG.varHandle();

  // Where the numbers are, each in cache lines of its own.
  private static final long READY = 0;
  private static final long STATE = 128;
  private static final long ONE = 256;
  private static final long OWN = PAGE;
  private static final long DONE = 2 * PAGE;
  private static final long LINES = 128;

  private static final long GO = 1;
  private static final long STOP = 2;
  private static final int BATCH = 100;
  private static final int OPENINGS = 500;

  private SharingCost() {}

  /** What a thread does until it is told to stop. */
  private enum Work {
    ONE_NUMBER,
    OWN_NUMBERS,
    TO_AND_FRO;

    long batch(MemorySegment memory, int index) {
      return switch (this) {
        case ONE_NUMBER -> add(memory, ONE);
        case OWN_NUMBERS -> add(memory, OWN + index * LINES);
        case TO_AND_FRO -> takeTurns(memory, index);
      };
    }

    private static long add(MemorySegment memory, long at) {
      for (int i = 0; i < BATCH; i++) {
        VALUE.getAndAdd(memory, at, 1L);
      }
      return BATCH;
    }

    /** Of two threads one raises odd numbers, the other even ones. */
    private static long takeTurns(MemorySegment memory, int index) {
      long turns = 0;
      while (turns < BATCH && state(memory) != STOP) {
        long now = (long) VALUE.getAcquire(memory, ONE);
        if ((now & 1) == index) {
          VALUE.setRelease(memory, ONE, now + 1);
          turns++;
        } else {
          Thread.onSpinWait();
        }
      }
      return turns;
    }
  }

  private static long state(MemorySegment memory) {
    return (long) VALUE.getAcquire(memory, STATE);
  }

  /** Measures in the directory and prints the table. */
  public static void main(String[] words) {
    Program.main(
        "sharing.sh",
        HELP,
        words,
        arguments -> {
          String backend =
              Arguments.named(
                  "backend",
                  arguments.text("--backend", "panama"),
                  List.of("panama", "filechannel"),
                  name -> name);
          Path directory = Path.of(arguments.text("--dir", "."));
          int seconds = Math.max(1, arguments.number("--seconds", 2));
          return (out, err) -> measure(backend, directory, seconds, out);
        });
  }

  private static void measure(String backend, Path parent, int seconds, PrintStream out)
      throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(parent.toAbsolutePath(), "dmalloc-sharing-");
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", directory.toString()))) {
      MemoryProvider provider = dmalloc.provider(backend);
      RegionRequest request = RegionRequest.ofSize(3 * PAGE).withName(NAME).withProcessShared(true);
      out.println("work          JVMs  threads    million/s    ns each");
      try (MemoryRegion region = provider.allocate(request)) {
        for (Work work : Work.values()) {
          for (int all : work == Work.TO_AND_FRO ? new int[] {2} : new int[] {1, 2, 4}) {
            row(out, work, 1, all, run(region, directory, backend, work, 1, all, seconds));
            if (all > 1) {
              row(out, work, all, 1, run(region, directory, backend, work, all, 1, seconds));
            }
          }
        }
        out.println();
        out.println("open and close    µs");
        opening(out, "joined", provider, SHARED);
      }
      opening(out, "process-shared", provider, SHARED);
      opening(out, "plain", provider, OpenRequest.of(NAME));
      provider.delete(NAME);
    } finally {
      OpenDirectory.delete(directory);
    }
  }

  private static void row(PrintStream out, Work work, int jvms, int threads, double perSecond) {
    out.printf(
        Locale.ROOT,
        "%-12s %5d %8d %12.2f %10.1f%n",
        work.name().toLowerCase(Locale.ROOT),
        jvms,
        threads,
        perSecond / 1e6,
        1e9 / perSecond);
  }

  private static void opening(
      PrintStream out, String what, MemoryProvider provider, OpenRequest request)
      throws MemoryException {
    long best = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < OPENINGS; i++) {
        provider.open(request).close();
      }
      best = Math.min(best, System.nanoTime() - start);
    }
    out.printf(Locale.ROOT, "%-14s %5.0f%n", what, best / 1e3 / OPENINGS);
  }

  /** Operations per second of all threads in all JVMs. */
  private static double run(
      MemoryRegion region,
      Path directory,
      String backend,
      Work work,
      int jvms,
      int threads,
      int seconds)
      throws IOException, InterruptedException {
    try (Access access = region.acquire();
        ExecutorService waiting = Executors.newCachedThreadPool()) {
      MemorySegment memory = access.segment();
      memory.fill((byte) 0);
      List<Future<List<String>>> children = new ArrayList<>();
      for (int jvm = 0; jvm < jvms; jvm++) {
        List<String> arguments =
            List.of(
                directory.toString(),
                backend,
                work.name(),
                Integer.toString(jvm * threads),
                Integer.toString(threads));
        children.add(waiting.submit(() -> ForkedJvm.run(Member.class, arguments)));
      }
      double took = work(children, memory, jvms * threads, seconds);
      long sum =
          IntStream.range(0, jvms * threads)
              .mapToLong(i -> (long) VALUE.getAcquire(memory, DONE + i * (long) Long.BYTES))
              .sum();
      if (work != Work.OWN_NUMBERS && sum != (long) VALUE.getAcquire(memory, ONE)) {
        throw new IOException(work + ": " + sum + " were done, " + memory.get(JAVA_LONG, ONE));
      }
      return sum / took;
    }
  }

  /** Lets the JVMs work once all are ready, and returns for how many seconds that was. */
  private static double work(
      List<Future<List<String>>> children, MemorySegment memory, int threads, int seconds)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    try {
      while ((long) VALUE.getAcquire(memory, READY) < threads) {
        TimeUnit.MILLISECONDS.sleep(1);
        for (Future<List<String>> child : children) {
          if (child.isDone()) {
            ended(child); // too early, which tells why
          }
        }
      }
      VALUE.setRelease(memory, STATE, GO);
      start = System.nanoTime();
      TimeUnit.SECONDS.sleep(seconds);
    } finally {
      VALUE.setRelease(memory, STATE, STOP); // also for those that wait for the others
    }
    double took = (System.nanoTime() - start) / 1e9;
    for (Future<List<String>> child : children) {
      ended(child);
    }
    return took;
  }

  private static void ended(Future<List<String>> child) throws IOException, InterruptedException {
    try {
      child.get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }

  /** One of the JVMs. */
  public static final class Member {
    private Member() {}

    /** Gets directory, backend, work, the number of its first thread, and how many it has. */
    public static void main(String[] arguments) throws Exception {
      Work work = Work.valueOf(arguments[2]);
      int first = Integer.parseInt(arguments[3]);
      int threads = Integer.parseInt(arguments[4]);
      try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", arguments[0]));
          MemoryRegion region = dmalloc.provider(arguments[1]).open(SHARED);
          ExecutorService workers = Executors.newFixedThreadPool(threads)) {
        List<Callable<Long>> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          int index = first + i;
          all.add(() -> work(region, work, index));
        }
        for (Future<Long> worker : workers.invokeAll(all)) {
          ForkedJvm.report(Long.toString(worker.get()));
        }
      }
    }

    private static long work(MemoryRegion region, Work work, int index) {
      try (Access access = region.acquire()) {
        MemorySegment memory = access.segment();
        VALUE.getAndAdd(memory, READY, 1L);
        while (state(memory) == 0) {
          Thread.onSpinWait();
        }
        long done = 0;
        while (state(memory) != STOP) {
          done += work.batch(memory, index);
        }
        VALUE.setRelease(memory, DONE + index * (long) Long.BYTES, done);
        return done;
      }
    }
  }
}
