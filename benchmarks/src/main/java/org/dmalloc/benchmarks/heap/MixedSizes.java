/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.ThreadParams;

/** Each thread replaces random ones of its own blocks. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class MixedSizes {
  /** With a mean of 7.9 KiB about 32 MiB a thread, more than a processor's caches hold. */
  static final int SLOTS = 4096;

  /** A thread's live blocks. */
  @State(Scope.Thread)
  public static class Own {
    /** The largest block, in bytes. */
    @Param("65536")
    public int mostBytes;

    private Blocks blocks;
    private Sizes sizes;

    @Setup(Level.Trial)
    public void fill(MeasuredAllocator allocator, ThreadParams thread) throws IOException {
      blocks = allocator.blocks(SLOTS);
      sizes = new Sizes(MeasuredAllocator.seed() + thread.getThreadIndex(), mostBytes, SLOTS);
      for (int slot = 0; slot < SLOTS; slot++) {
        sizes.next();
        blocks.replace(slot, sizes.size());
      }
    }
  }

  @Benchmark
  public void replace(Own own, Counted counted) throws IOException {
    counted.operation();
    own.sizes.next();
    own.blocks.replace(own.sizes.slot(), own.sizes.size());
  }
}
