/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.ProtectedRange;

/**
 * Which bytes of a region are protected from stores, and the segments that may be handed out then.
 *
 * <p><b>Threads.</b> All methods may be called from any thread. Whoever hands segments out calls
 * {@link #set} and takes the segments anew under a lock of its own.
 */
public final class ProtectedRanges {
  private static final long[] NONE = {};

  /** Start and end of each range, in ascending order; ranges that touch are one. Never changed. */
  private volatile long[] bounds = NONE;

  /** With nothing protected. */
  public ProtectedRanges() {}

  /** Protects a range, or lifts that; nothing happens for an empty one. */
  public synchronized void set(long offset, long length, AccessMode access) {
    if (length == 0) {
      return;
    }
    long start = offset;
    long end = offset + length;
    boolean protect = access == AccessMode.READ_ONLY;
    List<Long> next = new ArrayList<>();
    boolean added = !protect;
    long[] before = bounds;
    for (int i = 0; i < before.length; i += 2) {
      long from = before[i];
      long to = before[i + 1];
      if (!protect) {
        add(next, from, Math.min(to, start));
        add(next, Math.max(from, end), to);
      } else if (to < start) {
        add(next, from, to);
      } else if (from > end) {
        if (!added) {
          add(next, start, end);
          added = true;
        }
        add(next, from, to);
      } else {
        start = Math.min(start, from);
        end = Math.max(end, to);
      }
    }
    if (!added) {
      add(next, start, end);
    }
    bounds = next.stream().mapToLong(Long::longValue).toArray();
  }

  private static void add(List<Long> bounds, long start, long end) {
    if (start < end) {
      bounds.add(start);
      bounds.add(end);
    }
  }

  /** Whether nothing is protected. */
  public boolean isEmpty() {
    return bounds.length == 0;
  }

  /** Whether one byte of a range is protected. */
  public boolean touch(long offset, long length) {
    long[] now = bounds;
    for (int i = 0; i < now.length; i += 2) {
      if (length > 0 && now[i] < offset + length && offset < now[i + 1]) {
        return true;
      }
    }
    return false;
  }

  /** The ranges, in ascending order. */
  public List<ProtectedRange> list() {
    long[] now = bounds;
    List<ProtectedRange> list = new ArrayList<>();
    for (int i = 0; i < now.length; i += 2) {
      list.add(new ProtectedRange(now[i], now[i + 1] - now[i]));
    }
    return List.copyOf(list);
  }

  /**
   * Throws {@link IllegalStateException} if an operation would change protected bytes.
   *
   * @param region what the message calls the region
   */
  public void requireNone(String operation, Object region, long offset, long length) {
    if (touch(offset, length)) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s of %d bytes at %d of %s: some of them are protected; lift that first",
              operation,
              length,
              offset,
              region));
    }
  }

  /** The memory of the whole region; read-only if one byte is protected. */
  public MemorySegment shown(MemorySegment memory) {
    return isEmpty() ? memory : memory.asReadOnly();
  }

  /**
   * A part of the memory of the whole region; read-only if one byte of it is protected.
   *
   * @param region what the message calls the region
   * @throws IndexOutOfBoundsException if the part lies outside the memory
   */
  public MemorySegment part(MemorySegment memory, long offset, long length, Object region) {
    RegionRange.check(offset, length, memory.byteSize(), region);
    MemorySegment part = memory.asSlice(offset, length);
    return touch(offset, length) ? part.asReadOnly() : part;
  }

  /**
   * Makes an entered gate a section on a part of the memory; leaves the gate if there is no such
   * part.
   *
   * @param slot what entering gave
   * @param region what the message calls the region
   * @throws IndexOutOfBoundsException if the part lies outside the memory
   */
  public Access section(
      SectionGate gate, int slot, MemorySegment memory, long offset, long length, Object region) {
    boolean done = false;
    try {
      Access access = gate.section(slot, part(memory, offset, length, region));
      done = true;
      return access;
    } finally {
      if (!done) {
        gate.exit(slot);
      }
    }
  }
}
