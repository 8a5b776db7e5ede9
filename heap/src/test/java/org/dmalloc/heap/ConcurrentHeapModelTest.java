/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.move.MoveOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Threads that use one heap at random, each with a model of its blocks, and free each other's;
 * beside them one that looks at the whole. Between two rounds all must agree. {@code
 * -Ddmalloc.operations=} makes the calls more.
 */
class ConcurrentHeapModelTest {
  private static final long OPERATIONS = Long.getLong("dmalloc.operations", 100_000);
  private static final int THREADS = 4;
  private static final int ROUNDS = 3;
  private static final long INITIAL = 1 << 20;
  private static final long MAXIMUM = 128 << 20;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"panama", "filechannel", "anon", "managed"})
  void agreesWithTheModels(String backend) throws Exception {
    run(backend, 20 << 20, (place, done) -> {});
  }

  @ParameterizedTest
  @ValueSource(strings = "panama")
  void agreesWithTheModelsWhenItIsFullMostOfTheTime(String backend) throws Exception {
    run(backend, 40 << 20, (place, done) -> {});
  }

  @Test
  void agreesWithTheModelsWhileItsRegionMoves() throws Exception {
    run("managed", 10 << 20, ConcurrentHeapModelTest::move);
  }

  /** What goes on beside the users of the heap, until they are done. */
  private interface Beside {
    void run(HeapPlace place, AtomicBoolean done) throws Exception;
  }

  private static void move(HeapPlace place, AtomicBoolean done) throws Exception {
    int moves = 0;
    while (!done.get() || moves == 0) {
      for (String backend : List.of("filechannel", "panama")) {
        if (move(place, backend)) {
          moves++;
        }
      }
    }
  }

  /** False if a thread was not scheduled inside its section for too long, on a busy machine. */
  private static boolean move(HeapPlace place, String backend) throws MemoryException {
    long id = place.region().id();
    try {
      place.dmalloc().mover().move(id, backend, MoveOptions.DEFAULT, ProgressListener.NONE);
      return true;
    } catch (MemoryException e) {
      if (String.valueOf(e.getMessage()).contains("access section held")) {
        return false;
      }
      throw e;
    }
  }

  private void run(String backend, long maxLiveBytes, Beside beside) throws Exception {
    SplittableRandom random = Seed.of(getClass());
    try (HeapPlace place =
        HeapPlace.make(
            backend, directory, HeapService.load(), HeapOptions.DEFAULT, INITIAL, MAXIMUM)) {
      List<HeapModel> models = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        models.add(new HeapModel(place.heap(), random.split(), maxLiveBytes));
      }
      Queue<HeapModel.Block> exchange = new ConcurrentLinkedQueue<>();
      for (int round = 0; round < ROUNDS; round++) {
        runTogether(place, models, exchange, beside);
        verify(place.heap(), models, exchange);
        Heap reopened = round == 1 && place.isNamed() ? place.reopenUncleanly() : place.reopen();
        models.forEach(model -> model.use(reopened));
        verify(reopened, models, exchange);
      }
    }
  }

  private static void runTogether(
      HeapPlace place, List<HeapModel> models, Queue<HeapModel.Block> exchange, Beside beside)
      throws Exception {
    HeapThreads users = new HeapThreads();
    HeapThreads others = new HeapThreads();
    AtomicBoolean done = new AtomicBoolean();
    for (HeapModel model : models) {
      users.start(
          () -> {
            for (long i = 0; i < OPERATIONS / ROUNDS && !users.hasFailed(); i++) {
              model.step();
              model.handOver(exchange);
            }
          });
    }
    others.start(() -> look(place.heap(), done));
    others.start(() -> beside.run(place, done));
    try {
      users.end();
    } finally {
      done.set(true);
    }
    others.end();
  }

  /** Looks at the heap as a whole while others use it. */
  private static void look(Heap heap, AtomicBoolean done) throws Exception {
    while (!done.get()) {
      assertEquals(List.of(), heap.check().findings());
      long[] last = {0};
      heap.walk(
          (offset, usable) -> {
            assertTrue(offset >= last[0], "walk shows blocks that overlap or descend");
            last[0] = offset + usable;
            return true;
          });
      assertTrue(last[0] <= heap.region().byteSize(), "walk leaves the region");
      heap.trim();
      assertTrue(heap.statistics().liveBytes() >= 0);
    }
  }

  private static void verify(Heap heap, List<HeapModel> models, Queue<HeapModel.Block> exchange)
      throws Exception {
    TreeMap<Long, HeapModel.Block> all = new TreeMap<>();
    models.forEach(model -> all.putAll(model.blocks()));
    exchange.forEach(block -> all.put(block.offset, block));
    int count = exchange.size() + models.stream().mapToInt(model -> model.blocks().size()).sum();
    assertEquals(count, all.size(), "an offset was given out twice");
    HeapModel.verify(heap, all);
  }
}
