/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random calls of one thread against the model, on every backend. {@code -Ddmalloc.operations=}
 * makes them more.
 */
class HeapModelTest {
  private static final long OPERATIONS = Long.getLong("dmalloc.operations", 100_000);
  private static final long INITIAL = 1 << 20;
  private static final long MAXIMUM = 64 << 20;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"panama", "filechannel", "anon", "managed"})
  void agreesWithTheModel(String backend) throws Exception {
    run(backend, HeapOptions.DEFAULT, 48 << 20, false);
  }

  @ParameterizedTest
  @ValueSource(strings = {"panama", "anon"})
  void agreesWithTheModelWhenItIsFullMostOfTheTime(String backend) throws Exception {
    run(backend, HeapOptions.DEFAULT.withPunchFrom(4096), 80 << 20, true);
  }

  @ParameterizedTest
  @ValueSource(strings = "panama")
  void agreesWithTheModelInDebugMode(String backend) throws Exception {
    run(backend, HeapOptions.DEFAULT.withDebug(new HeapOptions.Debug(true, 100)), 30 << 20, false);
  }

  private void run(String backend, HeapOptions options, long maxLiveBytes, boolean fills)
      throws Exception {
    SplittableRandom random = Seed.of(getClass());
    try (HeapPlace place =
        HeapPlace.make(backend, directory, HeapService.load(), options, INITIAL, MAXIMUM)) {
      HeapModel model = run(place, random, maxLiveBytes, OPERATIONS);
      assertTrue(!fills || model.refusals() > 0, "it was never full");
      assertTrue(place.region().byteSize() > INITIAL, "it did not grow");
      model.freeAll();
    }
  }

  /** Operations at random, with reopenings. */
  static HeapModel run(HeapPlace place, SplittableRandom random, long maxLiveBytes, long operations)
      throws Exception {
    HeapModel model = new HeapModel(place.heap(), random.split(), maxLiveBytes);
    // With guards a block has what was asked for, which the next opening does not know.
    boolean reopens = !place.heap().options().debug().guards();
    for (long operation = 0; operation < operations; operation++) {
      model.stepAlone();
      if (!reopens) {
        continue;
      }
      if (random.nextLong(operations) < 4) {
        Heap before = place.heap();
        model.use(place.reopen());
        HeapModel.checkClosed(
            before, model.blocks().isEmpty() ? 1 << 16 : model.blocks().lastKey());
        assertTrue(place.heap().recovery().clean(), "closed cleanly");
        model.verify();
      } else if (place.isNamed() && random.nextLong(operations) < 4) {
        model.use(place.reopenUncleanly());
        HeapRecovery recovery = place.heap().recovery();
        assertFalse(recovery.clean(), "the region was closed before the heap");
        assertEquals(model.blocks().size(), recovery.liveBlocks(), recovery::toString);
        model.verify();
      }
    }
    model.verify();
    return model;
  }
}
