/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;

/**
 * Records in two regions, each of some MiB at least, that show whether both are those of one moment
 * between sections. Writer w makes steps 1, 2, 3 …: each counts in the index and puts a record,
 * which lies over pages, into the data and its number into the index, in one section. What a
 * writer's steps have left is known from their count alone.
 */
public final class CrashRecords {
  public static final int WRITERS = 3;
  private static final int SLOTS = 300;
  private static final int RECORD_BYTES = 5000;
  private static final long COUNTS_AT = 64;
  private static final long NUMBERS_AT = 8192;

  private final MemoryRegion index;
  private final MemoryRegion data;

  /** Where in the data the records begin. */
  private final long recordsAt;

  /** Over an index and the data, of zeros or with what is to be verified. */
  public CrashRecords(MemoryRegion index, MemoryRegion data) {
    this(index, data, 0);
  }

  private CrashRecords(MemoryRegion index, MemoryRegion data, long recordsAt) {
    this.index = index;
    this.data = data;
    this.recordsAt = recordsAt;
  }

  /** Over one region that has both, of 8 MiB at least. */
  public static CrashRecords inOne(MemoryRegion region) {
    return new CrashRecords(region, region, 1 << 20);
  }

  private static int slot(int writer, long step) {
    return new SplittableRandom(writer * 1_000_003L + step).nextInt(SLOTS);
  }

  private static byte[] content(int writer, long step) {
    byte[] bytes = new byte[RECORD_BYTES];
    new SplittableRandom(~(writer * 7_000_003L + step)).nextBytes(bytes);
    CRC32C sum = new CRC32C();
    sum.update(bytes, 8, RECORD_BYTES - 8);
    MemorySegment.ofArray(bytes).set(JAVA_LONG_UNALIGNED, 0, sum.getValue());
    return bytes;
  }

  private long recordAt(int writer, int slot) {
    return recordsAt + (long) (writer * SLOTS + slot) * RECORD_BYTES;
  }

  private static long numberAt(int writer, int slot) {
    return NUMBERS_AT + 8L * (writer * SLOTS + slot);
  }

  /** Makes steps until the process ends. */
  public void writeForEver(int writer) {
    while (true) {
      step(writer);
    }
  }

  /** Makes one step. */
  public void step(int writer) {
    try (Access outer = index.acquire();
        Access inner = data.acquire()) {
      long step = outer.segment().get(JAVA_LONG_UNALIGNED, COUNTS_AT + 8L * writer) + 1;
      int slot = slot(writer, step);
      outer.segment().set(JAVA_LONG_UNALIGNED, COUNTS_AT + 8L * writer, step);
      MemorySegment.copy(
          content(writer, step),
          0,
          inner.segment(),
          JAVA_BYTE,
          recordAt(writer, slot),
          RECORD_BYTES);
      outer.segment().set(JAVA_LONG_UNALIGNED, numberAt(writer, slot), step);
    }
  }

  /** How many steps each writer has made. */
  public long[] counts() {
    long[] counts = new long[WRITERS];
    try (Access access = index.acquire()) {
      for (int writer = 0; writer < WRITERS; writer++) {
        counts[writer] = access.segment().get(JAVA_LONG_UNALIGNED, COUNTS_AT + 8L * writer);
      }
    }
    return counts;
  }

  /** Throws unless both regions are exactly what the counted steps have left. */
  public void verify() {
    try (Access outer = index.acquire();
        Access inner = data.acquire()) {
      for (int writer = 0; writer < WRITERS; writer++) {
        verify(writer, outer.segment(), inner.segment());
      }
    }
  }

  private void verify(int writer, MemorySegment index, MemorySegment data) {
    long count = index.get(JAVA_LONG_UNALIGNED, COUNTS_AT + 8L * writer);
    Map<Integer, Long> last = new HashMap<>();
    for (long step = count; step > 0 && last.size() < SLOTS; step--) {
      last.putIfAbsent(slot(writer, step), step);
    }
    for (int slot = 0; slot < SLOTS; slot++) {
      long expected = last.getOrDefault(slot, 0L);
      long found = index.get(JAVA_LONG_UNALIGNED, numberAt(writer, slot));
      MemorySegment record = data.asSlice(recordAt(writer, slot), RECORD_BYTES);
      byte[] content = expected == 0 ? new byte[RECORD_BYTES] : content(writer, expected);
      long difference = record.mismatch(MemorySegment.ofArray(content));
      if (found != expected || difference >= 0) {
        throw new AssertionError(
            "writer "
                + writer
                + " has made "
                + count
                + " steps; slot "
                + slot
                + " is to have that of step "
                + expected
                + ", and has number "
                + found
                + " and a record that differs at "
                + difference);
      }
    }
  }
}
