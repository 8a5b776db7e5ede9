/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Locale;
import java.util.PrimitiveIterator;
import org.jspecify.annotations.Nullable;

/**
 * Uses many scattered records of a region, announced ahead in batches, so that one thread gets what
 * the device gives at depth.
 *
 * {@snippet class="org.dmalloc.api.examples.RegionExamples" region="batched"}
 *
 * <p>While one batch is used the next ones are being read ({@link MemoryRegion#prefetch}). A batch
 * is left unannounced now and then; as long as such batches find their pages in RAM, announcing
 * stops, because it would only cost time, and it starts again with the first batch that waits.
 * Batches are short until the first such trial. An array of offsets is used in place and must not
 * change during the call.
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
 * announce, and {@link MemoryException} where the announcement does, and where a page of a record
 * has nothing behind it: its file was cut short, or its device failed.
 */
public final class BatchedAccess {
  /** Records per batch, unless told otherwise. */
  public static final int DEFAULT_BATCH_RECORDS = 512;

  /** Batches announced beyond the one in use, unless told otherwise. */
  public static final int DEFAULT_BATCHES_AHEAD = 1;

  public static final int MAX_BATCH_RECORDS = 1 << 16;

  private static final int MAX_BATCHES_AHEAD = 64;

  /** Records that are ordered together where the order is free. */
  private static final int SORTED_RECORDS = 1 << 14;

  /** A record's place among those that are ordered together, below its offset in one long. */
  private static final int PLACE_BITS = 16;

  private static final long SORTABLE_OFFSETS = 1L << (63 - PLACE_BITS);

  /** Records per batch, at most, before the first trial: one that waits is known by its wait. */
  private static final int FRESH_BATCH_RECORDS = 16;

  /** The most records that are touched between two reads of the clock. */
  private static final int GROUP = 64;

  /** Pages are no smaller anywhere. */
  private static final int PAGE_BYTES = 4096;

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
          "batchRecords " + batchRecords + "; give 1 to " + MAX_BATCH_RECORDS);
    }
    if (batchesAhead < 1 || batchesAhead > MAX_BATCHES_AHEAD) {
      throw new IllegalArgumentException(
          "batchesAhead " + batchesAhead + "; give 1 to " + MAX_BATCHES_AHEAD);
    }
    this.region = region;
    this.recordBytes = recordBytes;
    this.batchRecords = batchRecords;
    this.batchesAhead = batchesAhead;
    this.sense = new AnnouncementSense();
  }

  /** Access to records of which {@code recordBytes} are used, at least 1; defaults for all else. */
  public static BatchedAccess of(MemoryRegion region, long recordBytes) {
    return new BatchedAccess(region, recordBytes, DEFAULT_BATCH_RECORDS, DEFAULT_BATCHES_AHEAD);
  }

  /** A copy with another batch size, 1 to {@value #MAX_BATCH_RECORDS} records. */
  public BatchedAccess withBatchRecords(int records) {
    return new BatchedAccess(region, recordBytes, records, batchesAhead);
  }

  /** A copy that announces 1 to 64 batches beyond the one in use. */
  public BatchedAccess withBatchesAhead(int batches) {
    return new BatchedAccess(region, recordBytes, batchRecords, batches);
  }

  /** Visits the records in the order of the array. */
  public <E extends Exception> void visit(long[] offsets, RecordVisitor<E> visitor)
      throws MemoryException, E {
    run(offsets, false, new Visit<>(visitor));
  }

  /** Visits the records in the order of their coming; pulled a few batches ahead. */
  public <E extends Exception> void visit(
      PrimitiveIterator.OfLong offsets, RecordVisitor<E> visitor) throws MemoryException, E {
    run(new RecordBatch.OffsetStream(offsets), false, new Visit<>(visitor));
  }

  /**
   * Visits the records in whatever order is best: now, some thousand records at a time are put in
   * the order of their offsets. The index that the visitor gets is the place in the array.
   */
  public <E extends Exception> void visitInAnyOrder(long[] offsets, RecordVisitor<E> visitor)
      throws MemoryException, E {
    run(offsets, true, new Visit<>(visitor));
  }

  /** Like the other, for offsets that are pulled as they are needed, some thousand at a time. */
  public <E extends Exception> void visitInAnyOrder(
      PrimitiveIterator.OfLong offsets, RecordVisitor<E> visitor) throws MemoryException, E {
    run(new RecordBatch.OffsetStream(offsets), true, new Visit<>(visitor));
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
    run(
        offsets,
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
    if (region.info().access() == AccessMode.READ_ONLY) {
      throw new IllegalArgumentException(
          "scatter to " + region + ", which is read-only; open it for writing");
    }
    run(
        offsets,
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
          "stride " + stride + "; give at least the " + recordBytes + " bytes of a record");
    }
    long room = packed.byteSize();
    boolean fits = room >= recordBytes && (room - recordBytes) / stride >= count - 1;
    if (count > 0 && !fits) {
      throw new IndexOutOfBoundsException(
          String.format(
              Locale.ROOT,
              "%d records of %d bytes at a stride of %d do not fit into %d bytes",
              count,
              recordBytes,
              stride,
              packed.byteSize()));
    }
  }

  private void check(long[] offsets, int from, int to, long byteSize) {
    long last = byteSize - recordBytes;
    long signs = 0;
    for (int i = from; i < to; i++) { // no branch, so that it goes many at a time
      signs |= offsets[i] | (last - offsets[i]);
    }
    for (int i = from; signs < 0 && i < to; i++) {
      if (offsets[i] < 0 || offsets[i] > last) {
        throw new IndexOutOfBoundsException(
            String.format(
                Locale.ROOT,
                "record of %d bytes at %d lies outside %s of %d bytes",
                recordBytes,
                offsets[i],
                region,
                byteSize));
      }
    }
  }

  /** What is done with records. */
  @FunctionalInterface
  private interface Use<E extends Exception> {
    void use(MemorySegment segment, RecordBatch batch, int from, int to) throws E;
  }

  private record Visit<E extends Exception>(RecordVisitor<E> visitor) implements Use<E> {
    @Override
    public void use(MemorySegment segment, RecordBatch batch, int from, int to) throws E {
      long[] offsets = batch.offsets; // here, because a visitor could change fields for all that
      if (batch.inOrder) { //             the compiler knows
        long firstIndex = batch.firstIndex;
        for (int i = from; i < to; i++) {
          visitor.visit(segment, offsets[i], firstIndex + i);
        }
      } else {
        for (int i = from; i < to; i++) {
          visitor.visit(segment, offsets[i], batch.indexes[i]);
        }
      }
    }
  }

  private <E extends Exception> void run(long[] offsets, boolean anyOrder, Use<E> use)
      throws MemoryException, E {
    check(offsets, 0, offsets.length, region.byteSize());
    run(new RecordBatch.OffsetArray(offsets), anyOrder, use);
  }

  private <E extends Exception> void run(RecordBatch.Offsets offsets, boolean anyOrder, Use<E> use)
      throws MemoryException, E {
    Pipeline pipeline = new Pipeline(new Source(offsets, anyOrder));
    for (RecordBatch batch = pipeline.next(); batch != null; batch = pipeline.next()) {
      for (int done = batch.from; done < batch.to; ) {
        done = use(batch, done, use);
        if (done < batch.to) { // it waits for its pages
          announce(batch, done);
          pipeline.announceAll();
        }
      }
    }
  }

  /** The batch in use, and those ahead of it, if any are announced. */
  private final class Pipeline {
    private final Source source;
    private final RecordBatch[] ring = new RecordBatch[batchesAhead + 1];
    private int next;
    private int filled;

    Pipeline(Source source) {
      this.source = source;
    }

    /** The next batch to use; the one before it is done with. Null at the end. */
    @Nullable RecordBatch next() throws MemoryException {
      fill(sense.isFresh() ? 1 : sense.announces() ? batchesAhead : 0);
      return next < filled ? ring[next++ % ring.length] : null;
    }

    private void fill(int ahead) throws MemoryException {
      while (filled <= next + ahead && source.hasNext()) {
        int slot = filled % ring.length;
        if (ring[slot] == null) {
          ring[slot] = new RecordBatch(batchRecords);
        }
        RecordBatch batch = ring[slot];
        source.fill(batch);
        batch.announced = false;
        filled++;
        if (sense.wantsAnnouncement()) {
          announce(batch, batch.from);
        }
      }
    }

    /** Announces all that comes after the batch in use, which turned out to wait. */
    void announceAll() throws MemoryException {
      for (int later = next; later < filled; later++) {
        RecordBatch batch = ring[later % ring.length];
        if (!batch.announced) {
          announce(batch, batch.from);
        }
      }
      fill(batchesAhead - 1);
    }
  }

  private void announce(RecordBatch batch, int from) throws MemoryException {
    long begin = System.nanoTime();
    long[] offsets = batch.offsets;
    region.prefetch(
        from == 0 && batch.to == offsets.length
            ? offsets
            : Arrays.copyOfRange(offsets, from, batch.to),
        recordBytes);
    batch.announced = true;
    sense.announced(batch.to - from, System.nanoTime() - begin);
  }

  /**
   * Uses a batch from one place on, in one section. Records are first touched, some at a time,
   * which lets the processor wait for all of them at once, and is the wait without the work.
   *
   * @return the place to go on from once the rest is announced; the batch's end if all is done
   */
  private <E extends Exception> int use(RecordBatch batch, int from, Use<E> use)
      throws MemoryException, E {
    return BusErrors.in(region, "batched access", () -> useInSection(batch, from, use));
  }

  private <E extends Exception> int useInSection(RecordBatch batch, int from, Use<E> use) throws E {
    try (Access access = region.acquire()) {
      MemorySegment segment = access.segment();
      check(batch.offsets, from, batch.to, segment.byteSize());
      boolean watched = !batch.announced;
      int group = watched ? 1 : GROUP; // one that waits is to be found out early
      long waited = 0;
      int to;
      for (int at = from; at < batch.to; at = to) {
        to = Math.min(at + group, batch.to);
        group = Math.min(2 * group, GROUP);
        if (watched) {
          long begin = System.nanoTime();
          touch(segment, batch, at, to);
          waited += sense.waited(System.nanoTime() - begin, to - at, recordBytes);
        } else {
          touch(segment, batch, at, to);
        }
        use.use(segment, batch, at, to);
        if (watched && sense.isTooLong(waited, batch.to - batch.from)) {
          sense.waits();
          return to;
        }
      }
      if (watched) {
        sense.flowed();
      }
      return batch.to;
    }
  }

  /** Loads a byte of each page of each record. */
  private void touch(MemorySegment segment, RecordBatch batch, int from, int to) {
    int sum = 0;
    for (int i = from; i < to; i++) {
      long offset = batch.offsets[i];
      sum += segment.get(ValueLayout.JAVA_BYTE, offset);
      long end = offset + recordBytes;
      for (long at = (offset | (PAGE_BYTES - 1)) + 1; at < end; at += PAGE_BYTES) {
        sum += segment.get(ValueLayout.JAVA_BYTE, at);
      }
    }
    batch.unusedSum = sum; // keeps the loads
  }

  /** Cuts the offsets into batches, in their order or in one of its own. */
  private final class Source {
    private final RecordBatch.Offsets offsets;
    private final boolean anyOrder;

    /** Those that are ordered together, as they came; {@link #keys} has their order. */
    private final RecordBatch pulled = new RecordBatch(Math.max(SORTED_RECORDS, batchRecords));

    private long[] keys = new long[0];
    private int pulledCount;
    private int place;
    private long index;

    Source(RecordBatch.Offsets offsets, boolean anyOrder) {
      this.offsets = offsets;
      this.anyOrder = anyOrder;
    }

    boolean hasNext() {
      return place < pulledCount || offsets.hasNext();
    }

    /** Fills a batch, which may stay short where a run of ordered records ends. */
    void fill(RecordBatch batch) {
      if (place == pulledCount && anyOrder && sense.announces() && !sense.isFresh()) {
        pull();
      }
      if (place == pulledCount) {
        offsets.take(
            batch, sense.isFresh() ? Math.min(FRESH_BATCH_RECORDS, batchRecords) : batchRecords);
        number(batch);
      } else {
        long[] ordered = batch.own();
        long[] indexes = batch.ownIndexes();
        int count = Math.min(batchRecords, pulledCount - place);
        for (int i = 0; i < count; i++) {
          int from = (int) (keys[place++] & ((1 << PLACE_BITS) - 1));
          indexes[i] = pulled.index(pulled.from + from);
          ordered[i] = pulled.offsets[pulled.from + from];
        }
        batch.inOrder = false;
        batch.hold(ordered, 0, count);
      }
    }

    /** Takes many and puts them in order, which pays where they are read from a device. */
    private void pull() {
      if (keys.length == 0) {
        keys = new long[pulled.capacity];
      }
      offsets.take(pulled, pulled.capacity);
      number(pulled);
      pulledCount = pulled.to - pulled.from;
      for (int i = 0; i < pulledCount; i++) {
        long offset = pulled.offsets[pulled.from + i];
        // What cannot be a key is out of any range, and is told so when its batch is checked.
        keys[i] = Math.clamp(offset, 0, SORTABLE_OFFSETS - 1) << PLACE_BITS | i;
      }
      place = 0;
      Arrays.sort(keys, 0, pulledCount);
    }

    /** Numbers records that came in order. */
    private void number(RecordBatch batch) {
      batch.inOrder = true;
      batch.firstIndex = index - batch.from;
      index += batch.to - batch.from;
    }
  }
}
