/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.ThreadParams;

/** Like {@link MixedSizes}, with all bytes of each block copied, as a store of records does. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class WholeRecords {
  /** A thread's records. */
  @State(Scope.Thread)
  public static class Own {
    private final byte[] content = new byte[Sizes.MOST];
    private Blocks blocks;
    private Sizes sizes;

    @Setup(Level.Trial)
    public void fill(MeasuredAllocator allocator, ThreadParams thread) throws IOException {
      long seed = MeasuredAllocator.seed() + thread.getThreadIndex();
      new SplittableRandom(seed).nextBytes(content);
      blocks = allocator.blocks(MixedSizes.SLOTS);
      sizes = new Sizes(seed, Sizes.MOST, MixedSizes.SLOTS);
      for (int slot = 0; slot < MixedSizes.SLOTS; slot++) {
        sizes.next();
        blocks.replace(slot, sizes.size(), content);
      }
    }
  }

  @Benchmark
  public void replace(Own own, Counted counted) throws IOException {
    counted.operation();
    own.sizes.next();
    own.blocks.replace(own.sizes.slot(), own.sizes.size(), own.content);
  }
}
