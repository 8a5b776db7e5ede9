/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.PrimitiveIterator;

/** Some records that are announced and used together: a part of an array. */
final class RecordBatch {
  final int capacity;
  private long[] own = new long[0];
  long[] indexes = new long[0];
  long[] offsets = own;
  int from;
  int to;

  /** The index of the record at place 0 of the array, if they are in order. */
  long firstIndex;

  boolean inOrder;
  boolean announced;
  int unusedSum;

  RecordBatch(int capacity) {
    this.capacity = capacity;
  }

  long index(int at) {
    return inOrder ? firstIndex + at : indexes[at];
  }

  void hold(long[] array, int begin, int end) {
    offsets = array;
    from = begin;
    to = end;
  }

  long[] own() {
    if (own.length == 0) {
      own = new long[capacity];
    }
    return own;
  }

  long[] ownIndexes() {
    if (indexes.length == 0) {
      indexes = new long[capacity];
    }
    return indexes;
  }

  /** Where the offsets of records come from. */
  sealed interface Offsets {
    boolean hasNext();

    /** Takes up to so many into a batch. */
    void take(RecordBatch batch, int count);
  }

  static final class OffsetArray implements Offsets {
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
    public void take(RecordBatch batch, int count) {
      int begin = place;
      place = begin + Math.min(count, offsets.length - begin);
      batch.hold(offsets, begin, place);
    }
  }

  record OffsetStream(PrimitiveIterator.OfLong offsets) implements Offsets {
    @Override
    public boolean hasNext() {
      return offsets.hasNext();
    }

    @Override
    public void take(RecordBatch batch, int count) {
      long[] own = batch.own();
      int taken = 0;
      while (taken < count && offsets.hasNext()) {
        own[taken++] = offsets.nextLong();
      }
      batch.hold(own, 0, taken);
    }
  }
}
