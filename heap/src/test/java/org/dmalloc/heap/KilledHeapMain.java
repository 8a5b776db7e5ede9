/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.dmalloc.api.Access;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;

/**
 * The JVM that is killed: {@code KilledHeapMain BACKEND DIRECTORY ACT SEED}. It uses the heap of a
 * named region, which it makes if there is none, and notes each block in a {@link KillJournal}; it
 * ends by itself only if something fails.
 */
public final class KilledHeapMain {
  static final String JOURNAL = "journal";
  static final long INITIAL = 256 << 10;
  static final long MAXIMUM = 256 << 20;

  private static final int BULK = 8;

  /** What the child does. */
  enum Act {
    /** Four threads allocate, resize and free blocks of all sizes. */
    MIXED(4, 4000, 300_000),
    /** Four threads use small blocks and free each other's. */
    SMALL(4, 20_000, 200),
    /** Two threads fill and empty the heap, and it gives back what is free all the time. */
    TRIM(2, 300, 200_000),
    /** The heap grows from its initial size. */
    GROW(2, 3000, 80_000),
    /** One thread closes the heap every now and then, and opens it again. */
    REOPEN(1, 2000, 5000),
    /** One thread gives values to all roots. */
    ROOTS(1, 100, 100),
    /** A million small blocks, of which all are kept. */
    MILLION(4, 1_000_000, 100);

    final int threads;
    final int slots;
    final int maxByteSize;

    Act(int threads, int slots, int maxByteSize) {
      this.threads = threads;
      this.slots = slots;
      this.maxByteSize = maxByteSize;
    }
  }

  private final Act act;
  private final KillJournal journal;
  private final MemoryRegion region;
  private final Queue<Integer> exchange = new ConcurrentLinkedQueue<>();
  private volatile Heap heap;

  private KilledHeapMain(Act act, KillJournal journal, MemoryRegion region) throws MemoryException {
    this.act = act;
    this.journal = journal;
    this.region = region;
    HeapService service = HeapService.load();
    // A child that was killed before it had made the heap leaves a region without one.
    heap =
        service.isHeap(region)
            ? service.open(region, options(act))
            : service.create(region, options(act));
  }

  static HeapOptions options(Act act) {
    return act == Act.TRIM ? HeapOptions.DEFAULT.withPunchFrom(4096) : HeapOptions.DEFAULT;
  }

  /** Never returns but by an error. */
  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[1]);
    Act act = Act.valueOf(args[2]);
    SplittableRandom random = new SplittableRandom(Long.parseLong(args[3]));
    Dmalloc dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
    KillJournal journal = KillJournal.open(directory.resolve(JOURNAL), act.slots);
    MemoryRegion region = region(dmalloc.provider(args[0]));
    new KilledHeapMain(act, journal, region).run(random);
  }

  private static MemoryRegion region(MemoryProvider provider) throws MemoryException {
    boolean there =
        provider.stored().stream().anyMatch(stored -> stored.name().equals(HeapPlace.NAME));
    return there
        ? provider.open(OpenRequest.of(HeapPlace.NAME).withMaximum(MAXIMUM))
        : provider.allocate(
            RegionRequest.ofSize(INITIAL)
                .withMaximum(MAXIMUM)
                .withAutogrowth(Autogrowth.NONE)
                .withName(HeapPlace.NAME));
  }

  private void run(SplittableRandom random) throws Exception {
    for (int thread = 0; thread < act.threads; thread++) {
      int number = thread;
      SplittableRandom own = random.split();
      Thread.ofPlatform()
          .start(
              () -> {
                try {
                  run(number, own);
                } catch (Throwable t) {
                  System.getLogger(KilledHeapMain.class.getName())
                      .log(System.Logger.Level.ERROR, "failed", t);
                  Runtime.getRuntime().halt(1);
                }
              });
    }
  }

  private void run(int thread, SplittableRandom random) throws Exception {
    List<Integer> slots = new ArrayList<>();
    for (int slot = thread; slot < act.slots; slot += act.threads) {
      slots.add(slot);
    }
    if (act == Act.MILLION) {
      fill(thread, slots, random);
    }
    while (true) {
      if (act == Act.ROOTS) {
        setRoots(thread);
      } else {
        Integer given = random.nextInt(10) == 0 ? exchange.poll() : null;
        if (given != null) {
          free(given);
          slots.add(given);
        } else if (random.nextInt(100) == 0 && !slots.isEmpty()) {
          give(slots, random);
        } else if (!slots.isEmpty()) {
          use(slots.get(random.nextInt(slots.size())), slots, random);
        }
        around(random);
      }
      journal.count(thread);
    }
  }

  /** What an act does beside. */
  private void around(SplittableRandom random) throws MemoryException {
    if (act == Act.TRIM && random.nextInt(20) == 0) {
      heap.trim();
    } else if (act == Act.REOPEN && random.nextInt(300) == 0) {
      heap.close();
      heap = HeapService.load().open(region, options(act));
    }
  }

  private void setRoots(int thread) throws MemoryException {
    for (int number = 0; number < HeapOptions.MAX_ROOTS; number++) {
      long value = journal.root(number) + 1;
      heap.setRoot("root " + number, value);
      journal.setRoot(number, value);
      journal.count(thread);
    }
  }

  private void fill(int thread, List<Integer> slots, SplittableRandom random) throws Exception {
    for (int slot : slots) {
      if (journal.state(slot) != KillJournal.State.LIVE) {
        allocate(slot, random);
      }
      journal.count(thread);
    }
  }

  private void give(List<Integer> slots, SplittableRandom random) {
    int at = random.nextInt(slots.size());
    int slot = slots.get(at);
    if (journal.state(slot) == KillJournal.State.LIVE) {
      slots.set(at, slots.getLast());
      slots.removeLast();
      exchange.add(slot);
    }
  }

  private void use(int slot, List<Integer> slots, SplittableRandom random) throws Exception {
    if (journal.state(slot) == KillJournal.State.EMPTY) {
      if (random.nextInt(30) == 0) {
        allocateMany(slots, random);
      } else {
        allocate(slot, random);
      }
      return;
    }
    int dice = random.nextInt(100);
    if (dice < 60 && act != Act.MILLION) {
      // Growing needs more allocations than frees.
      if (act != Act.GROW || random.nextInt(4) == 0) {
        free(slot);
      }
    } else if (dice < 80) {
      reallocate(slot, random);
    } else {
      check(slot);
    }
  }

  private long size(SplittableRandom random) {
    return random.nextInt(3) == 0
        ? random.nextLong(1, Math.min(100, act.maxByteSize) + 1)
        : random.nextLong(1, act.maxByteSize + 1);
  }

  private void allocate(int slot, SplittableRandom random) throws MemoryException {
    long byteSize = size(random);
    journal.set(slot, KillJournal.State.ALLOCATING);
    long offset =
        switch (random.nextInt(6)) {
          case 0 -> heap.tryAllocateZeroed(1, byteSize);
          case 1 -> heap.tryAllocate(byteSize, 1L << random.nextInt(13));
          default -> heap.tryAllocate(byteSize);
        };
    note(slot, offset, byteSize, random.nextLong());
  }

  private void note(int slot, long offset, long byteSize, long stamp) throws MemoryException {
    if (offset == Heap.NULL) {
      journal.set(slot, KillJournal.State.EMPTY);
      return;
    }
    try (Access access = region.acquire()) {
      Stamp.write(heap.segment(access, offset), byteSize, stamp);
    }
    journal.live(slot, offset, byteSize, stamp);
  }

  private void allocateMany(List<Integer> slots, SplittableRandom random) throws MemoryException {
    List<Integer> empty = new ArrayList<>();
    for (int i = 0; i < 4 * BULK && empty.size() < BULK; i++) {
      int slot = slots.get(random.nextInt(slots.size()));
      if (journal.state(slot) == KillJournal.State.EMPTY) {
        journal.set(slot, KillJournal.State.ALLOCATING);
        empty.add(slot);
      }
    }
    long[] offsets = new long[empty.size()];
    long byteSize = Math.min(4096, size(random));
    try {
      heap.allocate(byteSize, offsets, 0, offsets.length);
    } catch (HeapFullException full) {
      empty.forEach(slot -> journal.set(slot, KillJournal.State.EMPTY));
      return;
    }
    for (int i = 0; i < offsets.length; i++) {
      note(empty.get(i), offsets[i], byteSize, random.nextLong());
    }
  }

  private void free(int slot) throws MemoryException {
    check(slot);
    journal.set(slot, KillJournal.State.FREEING);
    heap.free(journal.offset(slot));
    journal.set(slot, KillJournal.State.EMPTY);
  }

  private void reallocate(int slot, SplittableRandom random) throws MemoryException {
    long old = journal.byteSize(slot);
    long byteSize = size(random);
    journal.set(slot, KillJournal.State.RESIZING);
    long offset = heap.tryReallocate(journal.offset(slot), byteSize);
    if (offset == Heap.NULL) {
      journal.set(slot, KillJournal.State.LIVE);
      return;
    }
    try (Access access = region.acquire()) {
      Stamp.checkPrefix(
          heap.segment(access, offset),
          Math.min(old, byteSize),
          old,
          journal.stamp(slot),
          "reallocated from " + old + " to " + byteSize);
    }
    note(slot, offset, byteSize, random.nextLong());
  }

  private void check(int slot) throws MemoryException {
    try (Access access = region.acquire()) {
      long offset = journal.offset(slot);
      Stamp.check(
          heap.segment(access, offset),
          journal.byteSize(slot),
          journal.stamp(slot),
          "slot " + slot + " at " + offset);
    }
  }
}
