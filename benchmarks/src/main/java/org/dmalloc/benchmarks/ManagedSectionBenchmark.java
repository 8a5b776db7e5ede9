/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.backend.anon.PrivateMemoryProvider;
import org.dmalloc.manager.ManagedRegionSource;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** What an access section of a movable region costs: the manager's own region on private memory. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class ManagedSectionBenchmark {
  private static final long REGION_BYTES = 64 << 10;

  private MemoryRegion region;

  /** For JMH. */
  public ManagedSectionBenchmark() {}

  /** Allocates the region. */
  @Setup
  public void setUp() throws MemoryException {
    region =
        ManagedRegionSource.allocate(
            new PrivateMemoryProvider(Map.of(MemoryProvider.BACKEND, "anon")), REGION_BYTES);
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    region.close();
  }

  /** A load in an access section of its own. */
  @Benchmark
  public long managedSection() {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, 0);
    }
  }

  /** An access section with nothing in it. */
  @Benchmark
  public MemorySegment emptyManagedSection() {
    try (Access access = region.acquire()) {
      return access.segment();
    }
  }

  /** Like {@link #emptyManagedSection()}, on two threads at once. */
  @Benchmark
  @Threads(2)
  public MemorySegment emptyManagedSectionOnTwoThreads() {
    try (Access access = region.acquire()) {
      return access.segment();
    }
  }

  /** A section inside a section. */
  @Benchmark
  public long nestedManagedSection() {
    try (Access outer = region.acquire()) {
      try (Access inner = region.acquire()) {
        return outer.segment().byteSize() + inner.segment().byteSize();
      }
    }
  }
}
