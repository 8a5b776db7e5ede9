/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Access sections at one call site with regions of several backends. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class MixedSectionBenchmark {
  private static final int REGIONS = 4;
  private static final long REGION_BYTES = 64 << 10;

  @Param({"panama", "panama filechannel anon anon-memfd", "panama filechannel anon managed"})
  public String backends = "";

  private Path directory = Path.of("");
  private Dmalloc providers = Dmalloc.open();
  private final MemoryRegion[] regions = new MemoryRegion[REGIONS];
  private MemoryRegion movable;

  @Setup
  public void setUp() throws IOException {
    directory = Files.createTempDirectory(Path.of("").toAbsolutePath(), "dmalloc-mixed");
    providers = Dmalloc.open(Map.of("directory", directory.toString()));
    RegionRequest request = RegionRequest.ofSize(REGION_BYTES);
    // As with an installed manager, the compiler knows two kinds of region.
    movable = providers.provider(Dmalloc.MANAGED).allocate(request);
    List<String> names = List.of(backends.split(" "));
    for (int i = 0; i < REGIONS; i++) {
      regions[i] = providers.provider(names.get(i % names.size())).allocate(request);
    }
  }

  @TearDown
  public void tearDown() throws IOException {
    movable.close();
    for (MemoryRegion region : regions) {
      region.close();
    }
    providers.close();
    Files.delete(directory);
  }

  @Benchmark
  @OperationsPerInvocation(REGIONS)
  public long section() {
    long sum = 0;
    for (MemoryRegion region : regions) {
      try (Access access = region.acquire()) {
        sum += access.segment().get(JAVA_LONG, 0);
      }
    }
    return sum;
  }
}
