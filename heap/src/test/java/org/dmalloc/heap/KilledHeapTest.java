/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.heap.KilledHeapMain.Act;
import org.dmalloc.testkit.DoomedJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A JVM that uses a heap is killed at random moments, as {@code kill -9} does, and goes on with the
 * same heap in the next round. What it had committed must be there. {@code -Ddmalloc.rounds=} makes
 * them more.
 */
class KilledHeapTest {
  private static final int ROUNDS = Integer.getInteger("dmalloc.rounds", 3);

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(value = Act.class, names = "MILLION", mode = Mode.EXCLUDE)
  void losesNothingThatWasCommitted(Act act) throws Exception {
    run("panama", act, ROUNDS, 3000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"filechannel", "managed"})
  void losesNothingThatWasCommittedOnOtherBackends(String backend) throws Exception {
    run(backend, Act.MIXED, Math.max(2, ROUNDS / 4), 3000);
  }

  @Test
  void losesNothingOfAMillionBlocks() throws Exception {
    run("panama", Act.MILLION, 1, 1);
    assertTrue(
        Files.size(directory.resolve(KilledHeapMain.JOURNAL)) > 32L * Act.MILLION.slots,
        "the journal has a million slots");
  }

  private void run(String backend, Act act, int rounds, int maxOperations) throws Exception {
    SplittableRandom random = Seed.of(getClass());
    try (KillJournal journal =
        KillJournal.open(directory.resolve(KilledHeapMain.JOURNAL), act.slots)) {
      for (int round = 0; round < rounds; round++) {
        // A child of its first round makes the heap before it is killed; later ones may be killed
        // while they open it.
        long operations =
            act == Act.MILLION
                ? act.slots + 1000
                : round == 0 ? random.nextLong(1, 20_000) : random.nextLong(0, maxOperations);
        kill(backend, act, journal, operations, random.nextLong());
        verify(backend, act, journal);
      }
    }
  }

  /** Starts a child, and kills it when it has done so many operations. */
  private void kill(String backend, Act act, KillJournal journal, long operations, long seed)
      throws Exception {
    long before = journal.operations();
    try (DoomedJvm child =
        DoomedJvm.start(
            directory.resolve("child.txt"),
            KilledHeapMain.class,
            backend,
            directory.toString(),
            act.name(),
            Long.toString(seed))) {
      child.await(operations + " operations", () -> journal.operations() - before >= operations);
    }
  }

  private void verify(String backend, Act act, KillJournal journal) throws Exception {
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
        MemoryRegion region =
            dmalloc
                .provider(backend)
                .open(OpenRequest.of(HeapPlace.NAME).withMaximum(KilledHeapMain.MAXIMUM));
        Heap heap =
            HeapService.load()
                .open(region, KilledHeapMain.options(act).withGrowth(HeapOptions.Growth.NONE))) {
      assertEquals(List.of(), heap.check().findings());
      if (act == Act.ROOTS) {
        verifyRoots(heap, journal);
      }
      sweep(heap, journal);
      allocateAllBeside(heap, journal);
      verifyBlocks(heap, journal);
      assertEquals(List.of(), heap.check().findings());
    }
  }

  private static void verifyRoots(Heap heap, KillJournal journal) throws MemoryException {
    for (int number = 0; number < HeapOptions.MAX_ROOTS; number++) {
      OptionalLong root = heap.root("root " + number);
      long known = journal.root(number);
      assertTrue(
          root.orElse(0) == known || root.orElse(0) == known + 1,
          "root " + number + " is " + root + " after " + known);
      journal.setRoot(number, root.orElse(0));
    }
  }

  /** What was committed is there; what else is there was in flight, and is swept. */
  private static void sweep(Heap heap, KillJournal journal) throws MemoryException {
    TreeMap<Long, Long> allocated = new TreeMap<>();
    heap.walk(
        (offset, usable) -> {
          allocated.put(offset, usable);
          return true;
        });
    HeapRecovery recovery = heap.recovery();
    if (!recovery.clean()) {
      assertEquals(allocated.size(), recovery.liveBlocks(), recovery::toString);
    }
    Set<Long> live = new HashSet<>();
    Set<Long> unsure = new HashSet<>();
    int inFlight = 0;
    for (int slot = 0; slot < journal.slots(); slot++) {
      switch (journal.state(slot)) {
        case EMPTY -> {}
        case ALLOCATING -> inFlight++;
        case LIVE -> {
          assertTrue(live.add(journal.offset(slot)), "handed out twice");
          assertTrue(allocated.containsKey(journal.offset(slot)), "lost: slot " + slot);
        }
        case FREEING -> unsure.add(journal.offset(slot));
        case RESIZING -> {
          unsure.add(journal.offset(slot));
          inFlight++;
        }
      }
    }
    verifyBlocks(heap, journal);
    List<Long> leaked = new ArrayList<>(allocated.keySet());
    leaked.removeAll(live);
    int dead = leaked.size();
    leaked.removeAll(unsure);
    assertTrue(leaked.size() <= inFlight, leaked + " leaked, of " + inFlight + " in flight");
    assertEquals(dead, heap.sweep(live::contains), "blocks that were swept");
    for (int slot = 0; slot < journal.slots(); slot++) {
      if (journal.state(slot) != KillJournal.State.LIVE) {
        journal.set(slot, KillJournal.State.EMPTY);
      }
    }
    assertEquals(live.size(), heap.statistics().liveBlocks(), "after the sweep");
  }

  /** No byte that can be had now is one of a live block. */
  private static void allocateAllBeside(Heap heap, KillJournal journal) throws MemoryException {
    List<Long> filling = new ArrayList<>();
    for (long byteSize = 1 << 20; byteSize >= 16; byteSize /= 4) {
      for (long block = heap.tryAllocate(byteSize);
          block != Heap.NULL;
          block = heap.tryAllocate(byteSize)) {
        filling.add(block);
        try (Access access = heap.region().acquire()) {
          heap.segment(access, block).fill((byte) 0xa5);
        }
      }
    }
    verifyBlocks(heap, journal);
    long[] all = filling.stream().mapToLong(Long::longValue).toArray();
    heap.free(all, 0, all.length);
  }

  private static void verifyBlocks(Heap heap, KillJournal journal) throws MemoryException {
    try (Access access = heap.region().acquire()) {
      for (int slot = 0; slot < journal.slots(); slot++) {
        if (journal.state(slot) == KillJournal.State.LIVE) {
          Stamp.check(
              heap.segment(access, journal.offset(slot)),
              journal.byteSize(slot),
              journal.stamp(slot),
              "slot " + slot + " at " + journal.offset(slot));
        }
      }
    }
  }
}
