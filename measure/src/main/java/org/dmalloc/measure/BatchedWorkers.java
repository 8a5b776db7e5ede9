/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.BatchedAccess;

/**
 * Workers that pass lists of random pages to a {@link BatchedAccess}. The time of a call counts to
 * its first record.
 */
final class BatchedWorkers {
  /** Records of one call. */
  static final int LIST_RECORDS = 4096;

  static final int GATHERED_BYTES = 256;

  private BatchedWorkers() {}

  /** Uses a list of records in one call, and counts them to the operations one by one. */
  private abstract static class Lists implements Worker {
    final PageContent content;
    private final PageOrder order;
    private final long inPage;
    private int left;

    /** A record begins at {@code inPage} in its page. */
    Lists(WorkerContext context, long inPage) {
      content = context.content();
      order = PageOrder.random(context);
      this.inPage = inPage;
    }

    /** Uses the records at these offsets, at least one, and checks what it reads. */
    abstract void use(long[] offsets) throws IOException;

    @Override
    public final int work(int count) throws IOException {
      int done = 0;
      while (done < count) {
        if (left == 0) {
          long[] offsets = order.take(LIST_RECORDS);
          if (offsets.length == 0) {
            return done;
          }
          for (int i = 0; i < offsets.length; i++) {
            offsets[i] = offsets[i] * PageContent.PAGE_BYTES + inPage;
          }
          use(offsets);
          left = offsets.length;
        }
        int taken = Math.min(left, count - done);
        left -= taken;
        done += taken;
      }
      return done;
    }
  }

  static Worker visit(WorkerContext context) {
    BatchedAccess access = BatchedAccess.of(context.requireRegion(), Long.BYTES);
    return new Lists(context, 0) {
      @Override
      void use(long[] offsets) throws IOException {
        access.visit(
            offsets,
            (segment, offset, index) ->
                content.checkStampAt(segment, offset, offset / PageContent.PAGE_BYTES));
      }
    };
  }

  static Worker gather(WorkerContext context) {
    BatchedAccess access = BatchedAccess.of(context.requireRegion(), GATHERED_BYTES);
    MemorySegment packed =
        Arena.ofAuto().allocate((long) LIST_RECORDS * GATHERED_BYTES, PageContent.PAGE_BYTES);
    return new Lists(context, 0) {
      @Override
      void use(long[] offsets) throws IOException {
        access.gather(offsets, packed, GATHERED_BYTES);
        for (int i = 0; i < offsets.length; i++) {
          content.checkStampAt(
              packed, (long) i * GATHERED_BYTES, offsets[i] / PageContent.PAGE_BYTES);
        }
      }
    };
  }

  static Worker scatter(WorkerContext context) {
    BatchedAccess access = BatchedAccess.of(context.requireRegion(), Long.BYTES);
    MemorySegment packed = Arena.ofAuto().allocate(JAVA_LONG, LIST_RECORDS);
    return new Lists(context, PageContent.MARK_OFFSET) {
      private long stores;

      @Override
      void use(long[] offsets) throws IOException {
        for (int i = 0; i < offsets.length; i++) {
          packed.setAtIndex(JAVA_LONG, i, content.mark(offsets[i] / PageContent.PAGE_BYTES));
        }
        access.scatter(offsets, packed, Long.BYTES);
        stores += offsets.length;
      }

      @Override
      public long changedPages(long operations) {
        return context.cold() ? operations : Measurement.UNKNOWN;
      }

      @Override
      public void verify(Pages again, int most) throws IOException {
        PageWorkers.verifyMarks(context, again, stores, most);
      }
    };
  }

  /** Allocates blocks, checks their first and last words, and stores to them. */
  static Worker allocate(WorkerContext context) {
    BlockSource blocks = context.requireBlocks();
    boolean zeroed = blocks.zeroed();
    BlockSource.User user =
        block -> {
          long last = block.byteSize() - Long.BYTES;
          long found = block.get(JAVA_LONG, 0) | block.get(JAVA_LONG, last);
          if (zeroed && found != 0) {
            throw new WrongContentException(0, found, 0);
          }
          block.set(JAVA_LONG, 0, 1);
          block.set(JAVA_LONG, last, 1);
        };
    return new Worker() {
      @Override
      public int work(int count) throws IOException {
        for (int i = 0; i < count; i++) {
          blocks.with(user);
        }
        return count;
      }

      @Override
      public long pages(long operations) {
        return 2 * operations;
      }
    };
  }
}
