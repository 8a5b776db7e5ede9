/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.Worker;
import org.dmalloc.measure.WorkerContext;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.jspecify.annotations.Nullable;

/**
 * Uses many live blocks of mixed sizes. They are allocated for the first of these workloads, as
 * many as take the place of the pages of the store, and stay for the next. The workloads belong to
 * one JVM and one thread at a time.
 */
final class BlockWorkloads {
  static final int LEAST_BYTES = 16;
  static final int MOST_BYTES = 64 << 10;

  /** What an allocator adds to blocks has room beside them in the same swap or file. */
  private static final int BLOCK_SIXTEENTHS = 15;

  private final Opening opening;
  private @Nullable LiveBlocks live;
  private long byteSize;

  /** Opens an allocator for so many bytes of blocks. */
  @FunctionalInterface
  interface Opening {
    SmallBlocks of(long blockBytes) throws IOException;
  }

  BlockWorkloads(Opening opening) {
    this.opening = opening;
  }

  /** Sets how many bytes of pages the blocks take the place of. */
  void insteadOf(long newByteSize) {
    byteSize = newByteSize;
  }

  Optional<Workload> named(String name) {
    return Stream.of(
            workload(ComparedWorkload.BLOCK_READ, LiveBlocks::read, 2),
            workload(ComparedWorkload.BLOCK_REPLACE, LiveBlocks::replace, 2),
            workload(ComparedWorkload.BLOCK_RENEW, LiveBlocks::renew, 0))
        .filter(workload -> workload.name().equals(name))
        .findFirst();
  }

  void close() throws IOException {
    LiveBlocks ending = live;
    if (ending != null) {
      live = null;
      ending.close();
    }
  }

  @FunctionalInterface
  private interface Operation {
    void on(LiveBlocks blocks, RandomStream random) throws IOException;
  }

  private Workload workload(ComparedWorkload compared, Operation operation, int pagesEach) {
    return new Workload(
        compared.workload(),
        compared.operation(),
        Workload.Kind.ALLOCATE,
        AccessPattern.RANDOM,
        0,
        1,
        context -> new Operations(filled(context), operation, context.random(), pagesEach));
  }

  /** The blocks, allocated if they are not yet. */
  private LiveBlocks filled(WorkerContext context) {
    LiveBlocks blocks = live;
    if (blocks == null) {
      try {
        long blockBytes = byteSize / 16 * BLOCK_SIXTEENTHS;
        blocks = new LiveBlocks(opening.of(blockBytes), blockBytes, context.options().seed());
        live = blocks;
        blocks.fill();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return blocks;
  }

  private record Operations(
      LiveBlocks blocks, Operation operation, RandomStream random, int pagesEach)
      implements Worker {
    @Override
    public int work(int count) throws IOException {
      for (int i = 0; i < count; i++) {
        operation.on(blocks, random);
      }
      return count;
    }

    @Override
    public long pages(long operations) {
      return operations * pagesEach;
    }
  }

  /** The blocks with what is known about them: 12 bytes on the Java heap for each. */
  static final class LiveBlocks {
    private final SmallBlocks allocator;
    private final RandomStream sizesDrawn;
    private final PageContent content;
    private final long blockBytes;

    /** Their numbers. */
    private long[] blocks = new long[1024];

    /** Their sizes; negative if nothing was stored to them. */
    private int[] sizes = new int[1024];

    private int count;

    LiveBlocks(SmallBlocks allocator, long blockBytes, long seed) {
      this.allocator = allocator;
      this.blockBytes = blockBytes;
      sizesDrawn = new RandomStream(seed);
      content = new PageContent(seed);
    }

    /** Allocates blocks, and stores to all of them, until they have the bytes that they may. */
    void fill() throws IOException {
      for (long left = blockBytes; left >= MOST_BYTES; count++) {
        if (count == blocks.length) {
          blocks = Arrays.copyOf(blocks, 2 * count);
          sizes = Arrays.copyOf(sizes, 2 * count);
        }
        int size = drawn();
        blocks[count] = allocator.allocate(size);
        store(count, size);
        left -= size;
      }
    }

    /** A size from 16 bytes to 64 KiB, each power of two alike. */
    private int drawn() {
      double octaves = Math.log((double) MOST_BYTES / LEAST_BYTES);
      return (int) Math.round(LEAST_BYTES * Math.exp(sizesDrawn.nextDouble() * octaves));
    }

    private void store(int index, int size) throws IOException {
      sizes[index] = size;
      allocator.store(blocks[index], size, content.mark(index));
    }

    private int chosen(RandomStream random) {
      return (int) random.below(count);
    }

    void read(RandomStream random) throws IOException {
      int index = chosen(random);
      int size = Math.abs(sizes[index]);
      boolean wrong = allocator.load(blocks[index], size) != content.mark(index);
      if (wrong && sizes[index] > 0) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "block %d of %d bytes, %x: its ends have not what was stored; the memory lost stores, or handed the block out twice",
                index,
                size,
                blocks[index]));
      }
    }

    void replace(RandomStream random) throws IOException {
      int index = chosen(random);
      int size = drawn();
      allocator.free(blocks[index]);
      blocks[index] = allocator.allocate(size);
      store(index, size);
    }

    void renew(RandomStream random) throws IOException {
      int index = chosen(random);
      int size = drawn();
      allocator.free(blocks[index]);
      blocks[index] = allocator.allocate(size);
      sizes[index] = -size;
    }

    void close() throws IOException {
      allocator.close();
    }
  }
}
