/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.measure.chaos.model.Entry;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.dmalloc.measure.chaos.model.RegionModel.Block;
import org.dmalloc.measure.chaos.model.RegionModel.Kind;
import org.jspecify.annotations.Nullable;

/** Acts on the one heap that a hand has, in a region of its own. */
final class HeapActs {
  private static final long FIRST_BYTES = 256L << 10;
  private static final long MAXIMUM = 8L << 20;
  private static final int MOST_BLOCKS = 400;
  private static final int STEPS = 24;
  private static final String ROOT = "first";

  private final Workplace at;
  private @Nullable Held place;
  private @Nullable Heap heap;

  HeapActs(Workplace at) {
    this.at = at;
  }

  private List<RegionModel> stored() {
    return at.book.models().stream().filter(model -> model.kind() == Kind.HEAP).toList();
  }

  void act() throws MemoryException {
    Held held = place;
    Heap open = heap;
    if (held == null || open == null) {
      if (stored().isEmpty()) {
        create();
      } else {
        reopen(stored().getFirst());
      }
      return;
    }
    switch (at.random.nextInt(40)) {
      case 0 -> close();
      case 1, 2, 3 -> check(open, held.model());
      case 4 -> {
        open.trim();
        checkBlocks(open, held.model());
      }
      case 5 -> {
        requireSound(open.repair(), held.model());
        checkBlocks(open, held.model());
      }
      case 6 -> delete();
      default -> {
        for (int step = at.random.nextInt(STEPS); step >= 0; step--) {
          step(open, held.model());
        }
      }
    }
  }

  private void create() throws MemoryException {
    Optional<String> provider = at.any(at.able(Capability.GROW_IN_PLACE));
    if (provider.isEmpty()) {
      return;
    }
    long key = at.newKey();
    boolean named =
        at.suite.provider(provider.get()).capabilities().contains(Capability.NAMED)
            && at.chance(70);
    String name = named ? Workplace.nameOf(key) : null;
    Held made =
        at.allocate(
            new RegionModel(key, Kind.HEAP, 0, (int) FIRST_BYTES, FIRST_BYTES, name),
            provider.get(),
            RegionRequest.ofSize(FIRST_BYTES).withName(name).withMaximum(MAXIMUM));
    place = made;
    heap = at.suite.heaps().create(made.region(), options());
  }

  private HeapOptions options() {
    return HeapOptions.DEFAULT
        .withPunchAfter(at.chance(50) ? Duration.ofMillis(50) : HeapOptions.NEVER)
        .withPunchFrom(64 << 10)
        .withDebug(at.chance(20) ? new HeapOptions.Debug(true, 0) : HeapOptions.Debug.OFF);
  }

  /** Opens a heap: one that was closed cleanly, or whose process was killed. */
  void reopen(RegionModel model) throws MemoryException {
    Held opened = place;
    if (opened == null) {
      String name = String.valueOf(model.name());
      opened = at.openAnySize(model, growing(name), OpenRequest.of(name).withMaximum(MAXIMUM));
      place = opened;
    }
    if (!at.suite.heaps().isHeap(opened.region()) && model.blocks().isEmpty()) {
      heap = at.suite.heaps().create(opened.region(), options()); // it was not made in time
      return;
    }
    Heap found = at.suite.heaps().open(opened.region(), options());
    heap = found;
    checkBlocks(found, model);
  }

  /** A provider that has it and reserves addresses for growth. */
  private String growing(String name) throws MemoryException {
    List<String> holders = new ArrayList<>(at.holders(name));
    holders.retainAll(at.able(Capability.GROW_IN_PLACE));
    return holders.isEmpty() ? at.opener(name) : at.any(holders).orElseThrow();
  }

  /**
   * After a kill: the blocks of the model are there, whole, and what else is live was in the making
   * or being freed: it is swept.
   *
   * @param unsure numbers of blocks that were being freed or given another size
   */
  void recover(RegionModel model, Set<Long> unsure) throws MemoryException {
    Map<Long, Block> blocks = model.blocks();
    for (Long number : unsure) {
      if (blocks.containsKey(number)) {
        at.book.settle(Entry.of(Verb.UNBLOCK, model.key(), number));
      }
    }
    reopen(model);
    Heap open = heap;
    if (open == null) {
      return;
    }
    Set<Long> live = new HashSet<>();
    blocks.values().forEach(block -> live.add(block.offset()));
    requireSound(open.check(), null);
    long swept = open.sweep(live::contains);
    long most = unsure.size() + 1L;
    if (swept > most + open.recovery().lastAllocated().size()) {
      throw new LostBytesException(
          String.format(
              Locale.ROOT,
              "heap in %s: %d blocks are live that nobody has, and at most %d were in the making",
              model,
              swept,
              most));
    }
    check(open, model);
  }

  private void step(Heap open, RegionModel model) throws MemoryException {
    List<Long> numbers = List.copyOf(model.blocks().keySet());
    int kind = at.random.nextInt(10);
    if (numbers.isEmpty() || (kind < 5 && numbers.size() < MOST_BLOCKS)) {
      allocate(open, model);
      return;
    }
    long number = at.any(numbers).orElseThrow();
    Block block = Objects.requireNonNull(model.blocks().get(number));
    switch (kind) {
      case 5, 6 -> reallocate(open, model, number, block);
      case 7 -> checkBlock(open, model, number, block.offset(), (int) block.byteSize());
      case 8 -> {
        open.setRoot(ROOT, block.offset());
        OptionalLong root = open.root(ROOT);
        if (root.isEmpty() || root.getAsLong() != block.offset()) {
          throw new LostBytesException("heap in " + model + ": a root has become " + root);
        }
      }
      default -> {
        long change = at.book.begin(Entry.of(Verb.UNBLOCK, model.key(), number));
        try {
          open.free(block.offset());
        } catch (MemoryException | RuntimeException e) {
          at.book.not(change);
          throw e;
        }
        at.book.done(change);
      }
    }
  }

  private long size() {
    return at.chance(90) ? 1 + at.random.nextInt(2000) : 1 + at.random.nextInt(200_000);
  }

  private void allocate(Heap open, RegionModel model) throws MemoryException {
    long size = size();
    long number = at.newKey();
    long change = at.book.begin(Entry.of(Verb.BLOCK, model.key(), number, Heap.NULL, size));
    long offset;
    try {
      offset = at.chance(20) ? open.tryAllocateZeroed(1, size) : open.tryAllocate(size);
    } catch (MemoryException | RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    put(open, model, change, number, offset, size);
  }

  /** Stores the content of a block that was handed out, and notes it. */
  private void put(Heap open, RegionModel model, long change, long number, long offset, long size)
      throws MemoryException {
    if (offset == Heap.NULL) {
      at.book.not(change);
      return;
    }
    for (Map.Entry<Long, Block> other : model.blocks().entrySet()) {
      Block block = other.getValue();
      if (offset < block.offset() + block.byteSize() && block.offset() < offset + size) {
        throw new LostBytesException(
            String.format(
                Locale.ROOT,
                "heap in %s: %d bytes at %d were handed out, which the block at %d has",
                model,
                size,
                offset,
                block.offset()));
      }
    }
    try (Access section = open.region().acquire()) {
      at.content().store(open.segment(section, offset), 0, (int) size, model.key(), number, 1);
    }
    at.book.done(change, Entry.of(Verb.BLOCK, model.key(), number, offset, size));
  }

  private void reallocate(Heap open, RegionModel model, long number, Block block)
      throws MemoryException {
    long size = size();
    long change = at.book.begin(Entry.of(Verb.UNBLOCK, model.key(), number));
    long offset;
    try {
      offset = open.tryReallocate(block.offset(), size);
    } catch (MemoryException | RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    if (offset == Heap.NULL) {
      at.book.not(change);
      checkBlock(open, model, number, block.offset(), (int) block.byteSize());
      return;
    }
    if (size >= block.byteSize()) {
      checkBlock(open, model, number, offset, (int) block.byteSize());
    }
    at.book.done(change);
    long next = at.newKey();
    put(
        open,
        model,
        at.book.begin(Entry.of(Verb.BLOCK, model.key(), next, Heap.NULL, size)),
        next,
        offset,
        size);
  }

  private void checkBlock(Heap open, RegionModel model, long number, long offset, int length)
      throws MemoryException {
    try (Access section = open.region().acquire()) {
      String difference =
          at.content().difference(open.segment(section, offset), 0, length, model.key(), number, 1);
      if (difference != null) {
        throw new LostBytesException(
            String.format(Locale.ROOT, "heap in %s, block at %d: %s", model, offset, difference));
      }
    }
    at.tallies.checked(length);
  }

  private void checkBlocks(Heap open, RegionModel model) throws MemoryException {
    for (Map.Entry<Long, Block> each : model.blocks().entrySet()) {
      Block block = each.getValue();
      checkBlock(open, model, each.getKey(), block.offset(), (int) block.byteSize());
    }
  }

  private void check(Heap open, RegionModel model) throws MemoryException {
    requireSound(open.check(), model);
    checkBlocks(open, model);
  }

  /** A heap contradicts neither itself nor, where one is given, its model. */
  private void requireSound(HeapReport report, @Nullable RegionModel model) {
    if (!report.isSound() || !report.findings().isEmpty()) {
      throw new LostBytesException("heap in " + place + ": " + report.findings());
    }
    if (model != null && report.liveBlocks() != model.blocks().size()) {
      throw new LostBytesException(
          String.format(
              Locale.ROOT,
              "heap in %s has %d live blocks in place of %d",
              model,
              report.liveBlocks(),
              model.blocks().size()));
    }
  }

  /** Gives the heap up as it is, to be opened again; its region is closed by others. */
  void abandon() {
    Heap open = heap;
    heap = null;
    place = null;
    if (open != null) {
      try {
        open.close();
      } catch (UncheckedIOException e) {
        at.tallies.refused(Act.HEAP.word(), String.valueOf(e.getMessage()));
      }
    }
  }

  /** Closes the heap and its region; one in a region without a name is gone. */
  void close() {
    Heap open = heap;
    Held held = place;
    heap = null;
    if (open != null) {
      open.close();
    }
    place = null;
    if (held != null) {
      at.close(held);
    }
  }

  private void delete() throws MemoryException {
    close();
    for (RegionModel model : stored()) {
      at.delete(model, false);
    }
  }
}
