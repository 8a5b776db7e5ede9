/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.linux.OpenDirectory;
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

/**
 * The cost of batched access without waits, beside a plain loop: records on all pages of a region
 * of 256 MiB that is in RAM, in random order. The loop opens a section for each 512 records, as a
 * batch does.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 2,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class BatchedAccessBenchmark {
  private static final int RECORDS = 1 << 16;
  private static final int LIST = 1 << 12;
  private static final int PAGE = 4096;
  private static final int COPIED = 256;

  @Param({"panama", "anon"})
  public String backend = "panama";

  /** The number of visitor classes that the JVM has loaded: it can inline up to two. */
  @Param({"1", "3"})
  public int visitors = 1;

  private final long[] offsets = new long[RECORDS];
  private final long[][] lists = new long[RECORDS / LIST][];
  private final Arena arena = Arena.ofShared();
  private final MemorySegment packed = arena.allocate((long) RECORDS * COPIED, 64);
  private Path directory;
  private MemoryRegion region;
  private BatchedAccess loads;
  private BatchedAccess copies;
  private long sum;

  /** Fills a region, and lets batched access detect that all of it is in RAM. */
  @Setup
  public void setUp() throws IOException {
    directory = Files.createTempDirectory(Path.of("").toAbsolutePath(), "dmalloc-batched");
    MemoryProvider provider =
        Dmalloc.open(Map.of("directory", directory.toString())).provider(backend);
    region = provider.allocate(RegionRequest.ofSize((long) RECORDS * PAGE));
    try (Access access = region.acquire()) {
      access.segment().fill((byte) 1);
    }
    packed.fill((byte) 1);
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < RECORDS; i++) {
      int other = random.nextInt(i + 1);
      offsets[i] = offsets[other];
      offsets[other] = (long) i * PAGE + 8L * random.nextInt((PAGE - COPIED) / 8);
    }
    Arrays.setAll(lists, i -> Arrays.copyOfRange(offsets, i * LIST, (i + 1) * LIST));
    loads = BatchedAccess.of(region, Long.BYTES);
    copies = BatchedAccess.of(region, COPIED);
    for (int round = 0; visitors > 1 && round < 50; round++) {
      loads.visit(
          offsets, (segment, offset, index) -> sum ^= segment.get(JAVA_LONG_UNALIGNED, offset));
      loads.visit(offsets, (segment, offset, index) -> sum += index);
      copies.gather(offsets, packed, COPIED);
      copies.scatter(offsets, packed, COPIED);
    }
  }

  @TearDown
  public void tearDown() throws IOException {
    region.close();
    arena.close();
    OpenDirectory.delete(directory);
  }

  /** The baseline: loads in a loop. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public long plainLoop() {
    for (int from = 0; from < RECORDS; from += BatchedAccess.DEFAULT_BATCH_RECORDS) {
      try (Access access = region.acquire()) {
        MemorySegment segment = access.segment();
        for (int i = from; i < from + BatchedAccess.DEFAULT_BATCH_RECORDS; i++) {
          sum += segment.get(JAVA_LONG_UNALIGNED, offsets[i]);
        }
      }
    }
    return sum;
  }

  /** The same loads in a visitor. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public long visit() throws IOException {
    loads.visit(
        offsets, (segment, offset, index) -> sum += segment.get(JAVA_LONG_UNALIGNED, offset));
    return sum;
  }

  /** Lists of 4,096 records, each with a new visitor instance that has learned nothing yet. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public long visitByNewInstances() throws IOException {
    for (long[] list : lists) {
      BatchedAccess.of(region, Long.BYTES)
          .visitInAnyOrder(
              list, (segment, offset, index) -> sum += segment.get(JAVA_LONG_UNALIGNED, offset));
    }
    return sum;
  }

  /** The same in the best order, which is the list's when all is in RAM. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public long visitInAnyOrder() throws IOException {
    loads.visitInAnyOrder(
        offsets, (segment, offset, index) -> sum += segment.get(JAVA_LONG_UNALIGNED, offset));
    return sum;
  }

  /** The baseline of gather: copies of 256 bytes in a loop. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public void plainCopies() {
    for (int from = 0; from < RECORDS; from += BatchedAccess.DEFAULT_BATCH_RECORDS) {
      try (Access access = region.acquire()) {
        MemorySegment segment = access.segment();
        for (int i = from; i < from + BatchedAccess.DEFAULT_BATCH_RECORDS; i++) {
          MemorySegment.copy(segment, offsets[i], packed, (long) i * COPIED, COPIED);
        }
      }
    }
  }

  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public void gather() throws IOException {
    copies.gather(offsets, packed, COPIED);
  }

  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public void scatter() throws IOException {
    copies.scatter(offsets, packed, COPIED);
  }
}
