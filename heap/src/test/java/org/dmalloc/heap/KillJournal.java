/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What a process that is about to be killed has been given by a heap, in a file of its own: the
 * kernel keeps what was stored to the mapping. Each slot stands for one block; one thread uses a
 * slot at a time.
 */
final class KillJournal implements AutoCloseable {
  /** What a slot's block is. */
  enum State {
    EMPTY(0),
    ALLOCATING(1),
    LIVE(2),
    FREEING(3),
    RESIZING(4);

    /** What stands in the file. */
    private final int code;

    State(int code) {
      this.code = code;
    }
  }

  static final int MAX_THREADS = 64;

  private static final VarHandle LONGS = JAVA_LONG.arrayElementVarHandle();
  private static final int COUNTER_LONGS = 16; // a counter has cache lines of its own
  private static final int ROOTS = MAX_THREADS * COUNTER_LONGS;
  private static final int SLOTS = ROOTS + HeapOptions.MAX_ROOTS;
  private static final int SLOT_LONGS = 4;

  private final int slots;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment longs;

  private KillJournal(Path file, int slots) throws IOException {
    this.slots = slots;
    long byteSize = (SLOTS + (long) slots * SLOT_LONGS) * Long.BYTES;
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      longs = channel.map(FileChannel.MapMode.READ_WRITE, 0, byteSize, arena);
    }
  }

  static KillJournal open(Path file, int slots) throws IOException {
    return new KillJournal(file, slots);
  }

  int slots() {
    return slots;
  }

  private long get(long index) {
    return (long) LONGS.getAcquire(longs, 0L, index);
  }

  private void set(long index, long value) {
    LONGS.setRelease(longs, 0L, index, value);
  }

  private static long at(int slot) {
    return SLOTS + (long) slot * SLOT_LONGS;
  }

  /** Counts an operation of a thread. */
  void count(int thread) {
    set((long) thread * COUNTER_LONGS, get((long) thread * COUNTER_LONGS) + 1);
  }

  /** Operations of all threads. */
  long operations() {
    long sum = 0;
    for (int thread = 0; thread < MAX_THREADS; thread++) {
      sum += get((long) thread * COUNTER_LONGS);
    }
    return sum;
  }

  /** The value that a root is known to have had. */
  long root(int number) {
    return get(ROOTS + number);
  }

  void setRoot(int number, long value) {
    set(ROOTS + number, value);
  }

  State state(int slot) {
    return State.values()[(int) get(at(slot) + 3)];
  }

  void set(int slot, State state) {
    set(at(slot) + 3, state.code);
  }

  void live(int slot, long offset, long byteSize, long stamp) {
    set(at(slot), offset);
    set(at(slot) + 1, byteSize);
    set(at(slot) + 2, stamp);
    set(slot, State.LIVE);
  }

  long offset(int slot) {
    return get(at(slot));
  }

  long byteSize(int slot) {
    return get(at(slot) + 1);
  }

  long stamp(int slot) {
    return get(at(slot) + 2);
  }

  @Override
  public void close() {
    arena.close();
  }
}
