/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.WorkloadRun;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.machine.KernelCounter;
import org.dmalloc.spi.machine.KernelFiles;
import org.junit.jupiter.api.Test;

class BlockWorkloadsTest {
  private static final long BYTES = 8 << 20;
  private static final List<ComparedWorkload> ALL =
      List.of(
          ComparedWorkload.BLOCK_READ,
          ComparedWorkload.BLOCK_REPLACE,
          ComparedWorkload.BLOCK_RENEW);

  /** Counts, checks and remembers in plain maps; its blocks lie apart. */
  private static class Counted implements SmallBlocks {
    final TreeMap<Long, Integer> live = new TreeMap<>();
    final Map<Long, Long> stored = new HashMap<>();
    long next = 16;
    int closed;

    @Override
    public long allocate(int byteSize) throws IOException {
      assertTrue(byteSize >= 16 && byteSize <= 64 << 10, () -> byteSize + " bytes");
      long block = next;
      next += byteSize;
      live.put(block, byteSize);
      return block;
    }

    @Override
    public void free(long block) {
      assertTrue(live.remove(block) != null, () -> block + " is not allocated");
      stored.remove(block);
    }

    @Override
    public void store(long block, int byteSize, long value) {
      assertEquals(live.get(block), byteSize);
      stored.put(block, value);
    }

    @Override
    public long load(long block, int byteSize) {
      assertEquals(live.get(block), byteSize);
      return stored.getOrDefault(block, 0L);
    }

    long liveBytes() {
      return live.values().stream().mapToLong(Integer::longValue).sum();
    }

    @Override
    public void close() {
      closed++;
    }
  }

  private static Measurement run(
      BlockWorkloads workloads, ComparedWorkload compared, long operations)
      throws IOException, InterruptedException {
    Workload workload = workloads.named(compared.workload()).orElseThrow();
    RunOptions options =
        RunOptions.timed(
            Start.WARM, RunOptions.UNLIMITED, operations, 42, compared.name().hashCode());
    return new WorkloadRun(
            workload,
            null,
            null,
            options,
            new KernelCounter(KernelFiles.ofThisMachine(), List.of()))
        .runHere();
  }

  @Test
  void allocatesWhatThePagesWouldTakeAndKeepsIt() throws Exception {
    Counted allocator = new Counted();
    BlockWorkloads workloads = new BlockWorkloads(bytes -> allocator);
    workloads.insteadOf(BYTES);
    for (ComparedWorkload compared : ALL) {
      assertEquals(5_000, run(workloads, compared, 5_000).operations());
      long live = allocator.liveBytes();
      assertTrue(live > BYTES / 2 && live <= BYTES * 5 / 4, () -> compared + ": " + live);
    }
    run(workloads, ComparedWorkload.BLOCK_READ, 5_000);
    workloads.close();
    assertEquals(1, allocator.closed);
  }

  @Test
  void findsThatABlockWasHandedOutTwice() {
    Counted allocator =
        new Counted() {
          @Override
          public long load(long block, int byteSize) {
            Map.Entry<Long, Integer> first = live.firstEntry();
            return first.getKey() == block
                ? stored.getOrDefault(live.lastKey(), 0L)
                : super.load(block, byteSize);
          }
        };
    BlockWorkloads workloads = new BlockWorkloads(bytes -> allocator);
    workloads.insteadOf(BYTES);
    IllegalStateException found =
        assertThrows(
            IllegalStateException.class,
            () -> run(workloads, ComparedWorkload.BLOCK_READ, 200_000));
    assertTrue(String.valueOf(found.getMessage()).startsWith("block 0 of "), found::toString);
  }

  @Test
  void aHeapsBlocksKeepWhatIsStoredToThem() throws Exception {
    try (Dmalloc dmalloc = Dmalloc.open()) {
      MemoryProvider memory = dmalloc.provider("anon");
      BlockWorkloads workloads =
          new BlockWorkloads(
              bytes ->
                  new HeapBlocks(
                      memory.allocate(RegionRequest.ofSize(HeapBlocks.regionBytes(bytes)))));
      workloads.insteadOf(BYTES);
      for (ComparedWorkload compared : ALL) {
        run(workloads, compared, 20_000);
      }
      run(workloads, ComparedWorkload.BLOCK_READ, 20_000);
      workloads.close();
      assertEquals(List.of(), memory.regions());
    }
  }

  @Test
  void theLibrarysBlocksKeepWhatIsStoredToThem() throws Exception {
    BlockWorkloads workloads = new BlockWorkloads(bytes -> new LibraryBlocks());
    workloads.insteadOf(BYTES);
    for (ComparedWorkload compared : ALL) {
      run(workloads, compared, 20_000);
    }
    Measurement read = run(workloads, ComparedWorkload.BLOCK_READ, 20_000);
    assertEquals(2 * read.operations(), read.pages());
    workloads.close();
  }
}
