/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an access costs through {@code acquire()} and through {@code segment()}, beside a plain
 * arena's segment. Each thread of a trial works on 64 KiB of its own, so that the memory stays in
 * its cache.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class SectionBenchmark {
  private static final long BYTES_PER_THREAD = 64 << 10;
  private static final int LOADS = 4096;
  private static final long REGION_BYTES = 16 * BYTES_PER_THREAD;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment plain = arena.allocate(REGION_BYTES, 4096);
  private MemoryRegion region;
  private MemorySegment raw;

  /** For JMH. */
  public SectionBenchmark() {}

  /** A thread's own part of the region, and where it is in it. */
  @State(Scope.Thread)
  public static class Cursor {
    private long base;
    private long offset;

    /** For JMH. */
    public Cursor() {}

    /** Chooses the thread's part. */
    @Setup
    public void setUp() {
      base = (Thread.currentThread().threadId() % 16) * BYTES_PER_THREAD;
    }

    private long next() {
      offset = (offset + 8 * 1031) & (BYTES_PER_THREAD - 1);
      return base + offset;
    }
  }

  /** Allocates the region. */
  @Setup
  public void setUp() throws MemoryException {
    region = ArenaBacking.allocate(REGION_BYTES);
    raw = region.segment();
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    region.close();
    arena.close();
  }

  /** The measure: scattered loads from a plain shared arena's segment. */
  @Benchmark
  @OperationsPerInvocation(LOADS)
  public long plainSegment(Cursor cursor) {
    return sum(plain, cursor);
  }

  /** The same loads through the region's raw segment. */
  @Benchmark
  @OperationsPerInvocation(LOADS)
  public long rawSegment(Cursor cursor) {
    return sum(raw, cursor);
  }

  /** The same loads inside one access section. */
  @Benchmark
  @OperationsPerInvocation(LOADS)
  public long loadsInOneSection(Cursor cursor) {
    try (Access access = region.acquire()) {
      return sum(access.segment(), cursor);
    }
  }

  private static long sum(MemorySegment segment, Cursor cursor) {
    long sum = 0;
    for (int i = 0; i < LOADS; i++) {
      sum += segment.get(JAVA_LONG, cursor.next());
    }
    return sum;
  }

  /** A load in an access section of its own. */
  @Benchmark
  public long section(Cursor cursor) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, cursor.next());
    }
  }

  /** An access section with nothing in it. */
  @Benchmark
  public MemorySegment emptySection() {
    try (Access access = region.acquire()) {
      return access.segment();
    }
  }

  /** Like {@link #emptySection()}, on two threads at once. */
  @Benchmark
  @Threads(2)
  public MemorySegment emptySectionOnTwoThreads() {
    try (Access access = region.acquire()) {
      return access.segment();
    }
  }

  /** A section inside a section. */
  @Benchmark
  public long nestedSection() {
    try (Access outer = region.acquire()) {
      try (Access inner = region.acquire()) {
        return outer.segment().byteSize() + inner.segment().byteSize();
      }
    }
  }
}
