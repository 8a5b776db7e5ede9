/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
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

/** The cost of an access section, measured alike for each kind of region. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public abstract class SectionsOfRegion {
  MemoryRegion region;

  abstract MemoryRegion allocate() throws IOException;

  @Setup
  public void setUp() throws IOException {
    region = allocate();
  }

  @TearDown
  public void tearDown() {
    region.close();
  }

  @Benchmark
  public MemorySegment emptySection() {
    try (Access access = region.acquire()) {
      return access.segment();
    }
  }

  @Benchmark
  @Threads(2)
  public MemorySegment emptySectionOnTwoThreads() {
    return emptySection();
  }

  @Benchmark
  public long nestedSection() {
    try (Access outer = region.acquire()) {
      try (Access inner = region.acquire()) {
        return outer.segment().byteSize() + inner.segment().byteSize();
      }
    }
  }
}
