/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.heap;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.ObjLongConsumer;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;

/**
 * A hash index from texts to numbers that comes back after a restart.
 *
 * <p>Everything that refers to something else does so by an offset, so it holds at any address. A
 * root of the heap leads to the table, an array of offsets; each is that of the first entry of a
 * chain.
 *
 * <p><b>When the process is killed.</b> A block is complete before the one store that links it, and
 * unlinked before it is freed. So the index is whole at any moment, and what a kill leaves over is
 * a block that nothing leads to: {@link Heap#sweep} with {@link #blocks} frees it, which {@link
 * #open} does when the heap was not closed.
 *
 * <p><b>Threads.</b> One at a time; the methods are synchronized. Whoever opened the heap closes
 * it.
 */
public final class HashIndex {
  private static final long FIRST_CAPACITY = 16;

  // The table: its capacity, a power of two, and as many chains.
  private static final long CAPACITY = 0;
  private static final long CHAINS = 8;

  // An entry: the next of its chain, the value, hash and length of the key, the key in UTF-8.
  private static final long NEXT = 0;
  private static final long VALUE = 8;
  private static final long HASH = 16;
  private static final long LENGTH = 20;
  private static final long KEY = 24;

  private final Heap heap;
  private final String root;
  private long table;
  private long capacity;
  private long size;

  private HashIndex(Heap heap, String root) {
    this.heap = heap;
    this.root = root;
  }

  /**
   * Opens the index that a root leads to, and makes an empty one if there is none. After a kill it
   * frees what nothing leads to, and takes the whole heap for its own.
   *
   * @throws MemoryException if the heap is full, or damaged
   */
  public static HashIndex open(Heap heap, String root) throws MemoryException {
    HashIndex index = new HashIndex(heap, root);
    OptionalLong table = heap.root(root);
    if (table.isEmpty()) {
      index.table = heap.allocateZeroed(FIRST_CAPACITY + 1, Long.BYTES);
      index.capacity = FIRST_CAPACITY;
      try (Access access = heap.region().acquire()) {
        access.segment().set(JAVA_LONG, index.table + CAPACITY, FIRST_CAPACITY);
      }
      heap.setRoot(root, index.table);
      return index;
    }
    index.table = table.getAsLong();
    try (Access access = heap.region().acquire()) {
      index.capacity = access.segment().get(JAVA_LONG, index.table + CAPACITY);
    }
    index.forEach((key, value) -> index.size++);
    if (!heap.recovery().clean()) {
      heap.sweep(index.blocks()::contains);
    }
    return index;
  }

  /** The value of a key; empty if it has none. */
  public synchronized OptionalLong get(String key) {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
    try (Access access = heap.region().acquire()) {
      MemorySegment memory = access.segment();
      long entry = memory.get(JAVA_LONG, find(memory, bytes));
      return entry == Heap.NULL
          ? OptionalLong.empty()
          : OptionalLong.of(memory.get(JAVA_LONG, entry + VALUE));
    }
  }

  /**
   * Gives a key a value.
   *
   * @throws MemoryException if the heap is full; the index is as before
   */
  public synchronized void put(String key, long value) throws MemoryException {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
    if (isThere(bytes, value)) {
      return;
    }
    if (size >= capacity) {
      grow();
    }
    long entry = heap.allocate(KEY + bytes.length);
    try (Access access = heap.region().acquire()) {
      MemorySegment memory = access.segment();
      memory.set(JAVA_LONG, entry + VALUE, value);
      memory.set(JAVA_INT, entry + HASH, hash(bytes));
      memory.set(JAVA_INT, entry + LENGTH, bytes.length);
      MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, entry + KEY, bytes.length);
      link(memory, table, capacity, entry);
    }
    size++;
  }

  /** Stores the value if the key is there: one store, old or new. */
  private boolean isThere(byte[] key, long value) {
    try (Access access = heap.region().acquire()) {
      MemorySegment memory = access.segment();
      long entry = memory.get(JAVA_LONG, find(memory, key));
      if (entry != Heap.NULL) {
        memory.set(JAVA_LONG, entry + VALUE, value);
      }
      return entry != Heap.NULL;
    }
  }

  /** Takes a key away; says whether it was there. */
  public synchronized boolean remove(String key) throws MemoryException {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
    long entry;
    try (Access access = heap.region().acquire()) {
      MemorySegment memory = access.segment();
      long link = find(memory, bytes);
      entry = memory.get(JAVA_LONG, link);
      if (entry == Heap.NULL) {
        return false;
      }
      memory.set(JAVA_LONG, link, memory.get(JAVA_LONG, entry + NEXT));
    }
    heap.free(entry);
    size--;
    return true;
  }

  /** How many keys there are. */
  public synchronized long size() {
    return size;
  }

  /** Shows all keys and values, in no order. */
  public synchronized void forEach(ObjLongConsumer<String> consumer) {
    try (Access access = heap.region().acquire()) {
      MemorySegment memory = access.segment();
      for (long chain = 0; chain < capacity; chain++) {
        long entry = memory.get(JAVA_LONG, chain(table, chain));
        while (entry != Heap.NULL) {
          byte[] key = new byte[memory.get(JAVA_INT, entry + LENGTH)];
          MemorySegment.copy(memory, JAVA_BYTE, entry + KEY, key, 0, key.length);
          consumer.accept(
              new String(key, StandardCharsets.UTF_8), memory.get(JAVA_LONG, entry + VALUE));
          entry = memory.get(JAVA_LONG, entry + NEXT);
        }
      }
    }
  }

  /** The offsets of all blocks that it has, to know what {@link Heap#sweep} may free. */
  public synchronized Set<Long> blocks() {
    Set<Long> blocks = new HashSet<>();
    blocks.add(table);
    try (Access access = heap.region().acquire()) {
      MemorySegment memory = access.segment();
      for (long chain = 0; chain < capacity; chain++) {
        long entry = memory.get(JAVA_LONG, chain(table, chain));
        while (entry != Heap.NULL) {
          blocks.add(entry);
          entry = memory.get(JAVA_LONG, entry + NEXT);
        }
      }
    }
    return blocks;
  }

  /** Where the offset of a key's entry stands, or would stand: in the table or another entry. */
  private long find(MemorySegment memory, byte[] key) {
    int hash = hash(key);
    long link = chain(table, hash & (capacity - 1));
    for (long entry = memory.get(JAVA_LONG, link);
        entry != Heap.NULL;
        entry = memory.get(JAVA_LONG, link)) {
      if (memory.get(JAVA_INT, entry + HASH) == hash
          && memory.get(JAVA_INT, entry + LENGTH) == key.length
          && memory.asSlice(entry + KEY, key.length).mismatch(MemorySegment.ofArray(key)) == -1) {
        return link;
      }
      link = entry + NEXT;
    }
    return link;
  }

  /**
   * Doubles the table. The new one gets copies of all entries, so that the old one stays whole
   * until the root leads to the new one.
   */
  private void grow() throws MemoryException {
    long newCapacity = 2 * capacity;
    long newTable = heap.allocateZeroed(newCapacity + 1, Long.BYTES);
    Set<Long> old = blocks();
    long[] copies = new long[old.size()];
    int copied = 0;
    copies[copied++] = newTable;
    try {
      for (long entry : old) {
        if (entry != table) {
          copies[copied++] = copy(entry, newTable, newCapacity);
        }
      }
      try (Access access = heap.region().acquire()) {
        access.segment().set(JAVA_LONG, newTable + CAPACITY, newCapacity);
      }
      heap.setRoot(root, newTable);
    } catch (MemoryException e) {
      heap.free(copies, 0, copied);
      throw e;
    }
    table = newTable;
    capacity = newCapacity;
    heap.free(old.stream().mapToLong(Long::longValue).toArray(), 0, old.size());
  }

  private long copy(long entry, long newTable, long newCapacity) throws MemoryException {
    long byteSize;
    try (Access access = heap.region().acquire()) {
      byteSize = KEY + access.segment().get(JAVA_INT, entry + LENGTH);
    }
    long copy = heap.allocate(byteSize);
    try (Access access = heap.region().acquire()) {
      MemorySegment memory = access.segment();
      MemorySegment.copy(memory, entry, memory, copy, byteSize);
      link(memory, newTable, newCapacity, copy);
    }
    return copy;
  }

  /**
   * Puts a complete entry before the others of its chain: the last store is the one that counts.
   */
  private static void link(MemorySegment memory, long table, long capacity, long entry) {
    long chain = chain(table, memory.get(JAVA_INT, entry + HASH) & (capacity - 1));
    memory.set(JAVA_LONG, entry + NEXT, memory.get(JAVA_LONG, chain));
    JAVA_LONG.varHandle().setRelease(memory, chain, entry);
  }

  private static long chain(long table, long number) {
    return table + CHAINS + number * Long.BYTES;
  }

  private static int hash(byte[] key) {
    int hash = Arrays.hashCode(key);
    return hash ^ (hash >>> 16);
  }
}
