/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.PrimitiveIterator;

/**
 * Uses many scattered records of a region, announced ahead in batches, so that one thread gets what
 * the device gives at depth.
 *
 * {@snippet class="org.dmalloc.api.examples.RegionExamples" region="batched"}
 *
 * <p>While one batch is used the next ones are being read ({@link MemoryRegion#prefetch}). A batch
 * is left unannounced now and then; as long as such batches find their pages in RAM, announcing
 * stops, because it would only cost time, and it starts again with the first batch that waits.
 *
 * <p><b>Ownership.</b> Holds nothing but what it learned; there is nothing to close.
 *
 * <p><b>Threads.</b> Any number of threads may use one at a time. They share what it learned.
 *
 * <p><b>Sections.</b> Each batch is used in an access section of its own, and announced outside of
 * it: a hot swap, resize or close waits for one batch at most.
 *
 * <p><b>Failure.</b> What a visitor throws ends the call and passes through as it is. If the region
 * is closed meanwhile, the call ends with {@link IllegalStateException}. A record outside the
 * region is an {@link IndexOutOfBoundsException}: before anything is used if the offsets are an
 * array, else before the batch with it is used. All methods throw {@link
 * UnsupportedCapabilityException} on a backend without {@link Capability#PREFETCH} as soon as they
 * announce, and {@link MemoryException} where the announcement does.
 */
public final class BatchedAccess {
  /** Records per batch, unless told otherwise. */
  public static final int DEFAULT_BATCH_RECORDS = 512;

  /** Batches announced beyond the one in use, unless told otherwise. */
  public static final int DEFAULT_BATCHES_AHEAD = 1;

  /** The largest batch. */
  public static final int MAX_BATCH_RECORDS = 1 << 16;

  private static final int MAX_BATCHES_AHEAD = 64;

  /** Records that are ordered together where the order is free. */
  private static final int SORTED_RECORDS = 1 << 14;

  /** A record's place among those that are ordered together, below its offset in one long. */
  private static final int PLACE_BITS = 16;

  private static final long SORTABLE_OFFSETS = 1L << (63 - PLACE_BITS);

  /** Records that are touched together, between two looks at the clock. */
  private static final int GROUP = 64;

  private final MemoryRegion region;
  private final long recordBytes;
  private final int batchRecords;
  private final int batchesAhead;
  private final AnnouncementSense sense;

  private BatchedAccess(MemoryRegion region, long recordBytes, int batchRecords, int batchesAhead) {
    if (recordBytes < 1) {
      throw new IllegalArgumentException("recordBytes " + recordBytes + "; give at least 1");
    }
    if (batchRecords < 1 || batchRecords > MAX_BATCH_RECORDS) {
      throw new IllegalArgumentException(
          "batchRecords %d; give 1 to %d".formatted(batchRecords, MAX_BATCH_RECORDS));
    }
    if (batchesAhead < 1 || batchesAhead > MAX_BATCHES_AHEAD) {
      throw new IllegalArgumentException(
          "batchesAhead %d; give 1 to %d".formatted(batchesAhead, MAX_BATCHES_AHEAD));
    }
    this.region = region;
    this.recordBytes = recordBytes;
    this.batchRecords = batchRecords;
    this.batchesAhead = batchesAhead;
    this.sense = new AnnouncementSense();
  }

  /**
   * Access to records of one size, with the defaults for all else.
   *
   * @param recordBytes the bytes of a record that are used, at least 1
   */
  public static BatchedAccess of(MemoryRegion region, long recordBytes) {
    return new BatchedAccess(region, recordBytes, DEFAULT_BATCH_RECORDS, DEFAULT_BATCHES_AHEAD);
  }

  /**
   * A copy with another batch size.
   *
   * @param records 1 to {@value #MAX_BATCH_RECORDS}
   */
  public BatchedAccess withBatchRecords(int records) {
    return new BatchedAccess(region, recordBytes, records, batchesAhead);
  }

  /**
   * A copy that announces another number of batches beyond the one in use.
   *
   * @param batches 1 to 64
   */
  public BatchedAccess withBatchesAhead(int batches) {
    return new BatchedAccess(region, recordBytes, batchRecords, batches);
  }

  /** Visits the records in the order of the array. */
  public <E extends Exception> void visit(long[] offsets, RecordVisitor<E> visitor)
      throws MemoryException, E {
    checkAll(offsets);
    run(new OffsetArray(offsets), false, new Visit<>(visitor));
  }

  /** Visits the records in the order of their coming; pulled a few batches ahead. */
  public <E extends Exception> void visit(
      PrimitiveIterator.OfLong offsets, RecordVisitor<E> visitor) throws MemoryException, E {
    run(new OffsetStream(offsets), false, new Visit<>(visitor));
  }

  /**
   * Visits the records in whatever order is best: now, some thousand records at a time are put in
   * the order of their offsets. The index that the visitor gets is the place in the array.
   */
  public <E extends Exception> void visitInAnyOrder(long[] offsets, RecordVisitor<E> visitor)
      throws MemoryException, E {
    checkAll(offsets);
    run(new OffsetArray(offsets), true, new Visit<>(visitor));
  }

  /** Like the other, for offsets that are pulled as they are needed, some thousand at a time. */
  public <E extends Exception> void visitInAnyOrder(
      PrimitiveIterator.OfLong offsets, RecordVisitor<E> visitor) throws MemoryException, E {
    run(new OffsetStream(offsets), true, new Visit<>(visitor));
  }

  /**
   * Copies the records out: record {@code i} goes to byte {@code i * stride} of the destination.
   *
   * @param stride bytes from one record to the next in the destination, at least a record's
   * @throws IllegalArgumentException if the stride is less than a record
   * @throws IndexOutOfBoundsException if the destination is too small; then nothing is copied
   */
  public void gather(long[] offsets, MemorySegment destination, long stride)
      throws MemoryException {
    checkPacked(offsets.length, destination, stride);
    checkAll(offsets);
    run(
        new OffsetArray(offsets),
        true,
        (segment, batch, from, to) -> {
          for (int i = from; i < to; i++) {
            MemorySegment.copy(
                segment, batch.offsets[i], destination, batch.index(i) * stride, recordBytes);
          }
        });
  }

  /**
   * Copies records in: record {@code i} comes from byte {@code i * stride} of the source. Where two
   * of them overlap in the region, either may win.
   *
   * @param stride bytes from one record to the next in the source, at least a record's
   * @throws IllegalArgumentException if the stride is less than a record, or the region read-only
   * @throws IndexOutOfBoundsException if the source is too small; then nothing is copied
   */
  public void scatter(long[] offsets, MemorySegment source, long stride) throws MemoryException {
    checkPacked(offsets.length, source, stride);
    checkAll(offsets);
    if (region.info().access() == AccessMode.READ_ONLY) {
      throw new IllegalArgumentException(
          "scatter to %s, which is read-only; open it for writing".formatted(region));
    }
    run(
        new OffsetArray(offsets),
        true,
        (segment, batch, from, to) -> {
          for (int i = from; i < to; i++) {
            MemorySegment.copy(
                source, batch.index(i) * stride, segment, batch.offsets[i], recordBytes);
          }
        });
  }

  private void checkPacked(int count, MemorySegment packed, long stride) {
    if (stride < recordBytes) {
      throw new IllegalArgumentException(
          "stride %d; give at least the %d bytes of a record".formatted(stride, recordBytes));
    }
    long room = packed.byteSize();
    boolean fits = room >= recordBytes && (room - recordBytes) / stride >= count - 1;
    if (count > 0 && !fits) {
      throw new IndexOutOfBoundsException(
          "%d records of %d bytes at a stride of %d do not fit into %d bytes"
              .formatted(count, recordBytes, stride, packed.byteSize()));
    }
  }

  private void checkAll(long[] offsets) {
    check(offsets, offsets.length, region.byteSize());
  }

  private void check(long[] offsets, int count, long byteSize) {
    long last = byteSize - recordBytes;
    for (int i = 0; i < count; i++) {
      if (offsets[i] < 0 || offsets[i] > last) {
        throw new IndexOutOfBoundsException(
            "record of %d bytes at %d lies outside %s of %d bytes"
                .formatted(recordBytes, offsets[i], region, byteSize));
      }
    }
  }

  /** What is done with the records of a batch, in two steps of which the first is timed. */
  @FunctionalInterface
  private interface Use<E extends Exception> {
    /** Touches all the records from one place in the batch to another. */
    void touch(MemorySegment segment, Batch batch, int from, int to) throws E;

    /** Goes on with them. */
    default void use(MemorySegment segment, Batch batch, int from, int to) throws E {}
  }

  /**
   * Loads a byte of each record in a row, which lets the processor wait for all of them at once,
   * and only then calls the visitor.
   */
  private record Visit<E extends Exception>(RecordVisitor<E> visitor) implements Use<E> {
    @Override
    public void touch(MemorySegment segment, Batch batch, int from, int to) {
      int sum = 0;
      for (int i = from; i < to; i++) {
        sum += segment.get(ValueLayout.JAVA_BYTE, batch.offsets[i]);
      }
      batch.unusedSum = sum; // keeps the loads
    }

    @Override
    public void use(MemorySegment segment, Batch batch, int from, int to) throws E {
      for (int i = from; i < to; i++) {
        visitor.visit(segment, batch.offsets[i], batch.index(i));
      }
    }
  }

  /** Some records that are announced and used together. */
  private static final class Batch {
    final long[] offsets;
    final long[] indexes;
    long firstIndex;
    boolean inOrder;
    int count;
    boolean announced;
    int unusedSum;

    Batch(int capacity, boolean anyOrder) {
      offsets = new long[capacity];
      indexes = new long[anyOrder ? capacity : 0];
    }

    long index(int at) {
      return inOrder ? firstIndex + at : indexes[at];
    }
  }

  private <E extends Exception> void run(Offsets offsets, boolean anyOrder, Use<E> use)
      throws MemoryException, E {
    Source source = new Source(offsets, anyOrder);
    Batch[] ring = new Batch[batchesAhead + 1];
    int filled = 0;
    for (int next = 0; ; next++) {
      while (filled <= next + batchesAhead && source.hasNext()) {
        int slot = filled % ring.length;
        if (ring[slot] == null) {
          ring[slot] = new Batch(batchRecords, anyOrder);
        }
        source.fill(ring[slot]);
        ring[slot].announced = false;
        if (sense.wantsAnnouncement()) {
          announce(ring[slot], 0);
        }
        filled++;
      }
      if (next == filled) {
        return;
      }
      Batch batch = ring[next % ring.length];
      for (int done = 0; done < batch.count; ) {
        done = use(batch, done, use);
        if (done < batch.count) { // it waits for its pages
          announce(batch, done);
          for (int later = next + 1; later < filled; later++) {
            Batch other = ring[later % ring.length];
            if (!other.announced) {
              announce(other, 0);
            }
          }
        }
      }
    }
  }

  private void announce(Batch batch, int from) throws MemoryException {
    long begin = System.nanoTime();
    int count = batch.count - from;
    region.prefetch(
        count == batch.offsets.length
            ? batch.offsets
            : Arrays.copyOfRange(batch.offsets, from, batch.count),
        recordBytes);
    batch.announced = true;
    sense.announced(count, System.nanoTime() - begin);
  }

  /**
   * Uses a batch from one place on, in one section.
   *
   * @return the place to go on from once the rest is announced; the batch's end if all is done
   */
  private <E extends Exception> int use(Batch batch, int from, Use<E> use) throws E {
    try (Access access = region.acquire()) {
      MemorySegment segment = access.segment();
      check(batch.offsets, batch.count, segment.byteSize());
      long waited = 0;
      boolean trial = !batch.announced && sense.announces();
      int group = trial ? 1 : GROUP;
      int to;
      for (int at = from; at < batch.count; at = to) {
        to = Math.min(at + group, batch.count);
        group = Math.min(2 * group, GROUP); // a trial that waits ends early
        if (batch.announced) {
          use.touch(segment, batch, at, to);
        } else {
          long begin = System.nanoTime();
          use.touch(segment, batch, at, to);
          waited += sense.waited(System.nanoTime() - begin, to - at, recordBytes);
        }
        use.use(segment, batch, at, to);
        if (!batch.announced && sense.isTooLong(waited, batch.count)) {
          sense.waits();
          return to;
        }
      }
      if (!batch.announced) {
        sense.flowed();
      }
      return batch.count;
    }
  }

  /** Where offsets come from. */
  private sealed interface Offsets {
    boolean hasNext();

    /** Takes up to so many; returns how many there were. */
    int take(long[] into, int from, int count);
  }

  private static final class OffsetArray implements Offsets {
    private final long[] offsets;
    private int place;

    OffsetArray(long[] offsets) {
      this.offsets = offsets;
    }

    @Override
    public boolean hasNext() {
      return place < offsets.length;
    }

    @Override
    public int take(long[] into, int from, int count) {
      int taken = Math.min(count, offsets.length - place);
      System.arraycopy(offsets, place, into, from, taken);
      place += taken;
      return taken;
    }
  }

  private record OffsetStream(PrimitiveIterator.OfLong offsets) implements Offsets {
    @Override
    public boolean hasNext() {
      return offsets.hasNext();
    }

    @Override
    public int take(long[] into, int from, int count) {
      int taken = 0;
      while (taken < count && offsets.hasNext()) {
        into[from + taken++] = offsets.nextLong();
      }
      return taken;
    }
  }

  /** Cuts the offsets into batches, in their order or in one of its own. */
  private final class Source {
    private final Offsets offsets;
    private final boolean anyOrder;
    private long[] keys = new long[0];
    private long[] pulled = new long[0];
    private long pulledAt;
    private int pulledCount;
    private int place;
    private long index;

    Source(Offsets offsets, boolean anyOrder) {
      this.offsets = offsets;
      this.anyOrder = anyOrder;
    }

    boolean hasNext() {
      return place < pulledCount || offsets.hasNext();
    }

    /** Fills a batch, which may stay short where a run of ordered records ends. */
    void fill(Batch batch) {
      if (place == pulledCount && anyOrder && sense.announces()) {
        pull();
      }
      batch.inOrder = place == pulledCount;
      if (batch.inOrder) {
        batch.firstIndex = index;
        batch.count = offsets.take(batch.offsets, 0, batchRecords);
        index += batch.count;
      } else {
        int count = Math.min(batchRecords, pulledCount - place);
        for (int i = 0; i < count; i++) {
          int from = (int) (keys[place++] & ((1 << PLACE_BITS) - 1));
          batch.indexes[i] = pulledAt + from;
          batch.offsets[i] = pulled[from];
        }
        batch.count = count;
      }
    }

    /** Takes many and puts them in order, which pays where they are read from a device. */
    private void pull() {
      if (pulled.length == 0) {
        pulled = new long[Math.max(SORTED_RECORDS, batchRecords)];
        keys = new long[pulled.length];
      }
      pulledAt = index;
      pulledCount = offsets.take(pulled, 0, pulled.length);
      for (int i = 0; i < pulledCount; i++) {
        // What cannot be a key is out of any range, and is told so when its batch is checked.
        keys[i] = Math.clamp(pulled[i], 0, SORTABLE_OFFSETS - 1) << PLACE_BITS | i;
      }
      index += pulledCount;
      place = 0;
      Arrays.sort(keys, 0, pulledCount);
    }
  }
}
