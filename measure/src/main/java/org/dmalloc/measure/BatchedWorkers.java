/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.BatchedAccess;

/**
 * Workers that hand lists of random pages to a {@link BatchedAccess}. A list is done in one call,
 * so that its time counts to its first record.
 */
final class BatchedWorkers {
  /** Records that are asked for in one call. */
  static final int LIST_RECORDS = 4096;

  /** Bytes that {@link #gather} copies out of each page. */
  static final int GATHERED_BYTES = 256;

  private BatchedWorkers() {}

  /** Uses the records at these offsets, one at least, and checks what it reads. */
  @FunctionalInterface
  private interface Call {
    void use(long[] offsets) throws IOException;
  }

  private static Worker lists(WorkerContext context, long inPage, Call call) {
    PageOrder order = PageOrder.random(context);
    return new Worker() {
      private int left;

      @Override
      public int work(int count) throws IOException {
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
            call.use(offsets);
            left = offsets.length;
          }
          int taken = Math.min(left, count - done);
          left -= taken;
          done += taken;
        }
        return done;
      }
    };
  }

  static Worker visit(WorkerContext context) {
    PageContent content = context.content();
    BatchedAccess access = BatchedAccess.of(context.requireRegion(), Long.BYTES);
    return lists(
        context,
        0,
        offsets ->
            access.visit(
                offsets,
                (segment, offset, index) ->
                    content.checkStampAt(segment, offset, offset / PageContent.PAGE_BYTES)));
  }

  static Worker gather(WorkerContext context) {
    PageContent content = context.content();
    BatchedAccess access = BatchedAccess.of(context.requireRegion(), GATHERED_BYTES);
    MemorySegment packed =
        Arena.ofAuto().allocate((long) LIST_RECORDS * GATHERED_BYTES, PageContent.PAGE_BYTES);
    return lists(
        context,
        0,
        offsets -> {
          access.gather(offsets, packed, GATHERED_BYTES);
          for (int i = 0; i < offsets.length; i++) {
            content.checkStampAt(
                packed, (long) i * GATHERED_BYTES, offsets[i] / PageContent.PAGE_BYTES);
          }
        });
  }

  static Worker scatter(WorkerContext context) {
    PageContent content = context.content();
    BatchedAccess access = BatchedAccess.of(context.requireRegion(), Long.BYTES);
    MemorySegment packed = Arena.ofAuto().allocate(JAVA_LONG, LIST_RECORDS);
    long[] stores = {0};
    Worker worker =
        lists(
            context,
            PageContent.MARK_OFFSET,
            offsets -> {
              for (int i = 0; i < offsets.length; i++) {
                packed.setAtIndex(JAVA_LONG, i, content.mark(offsets[i] / PageContent.PAGE_BYTES));
              }
              access.scatter(offsets, packed, Long.BYTES);
              stores[0] += offsets.length;
            });
    return new Worker() {
      @Override
      public int work(int count) throws IOException {
        return worker.work(count);
      }

      @Override
      public long changedPages(long operations) {
        return context.cold() ? operations : Measurement.UNKNOWN;
      }

      @Override
      public void verify(Pages again, int most) throws IOException {
        PageWorkers.verifyMarks(context, again, stores[0], most);
      }
    };
  }

  /** Allocates blocks, looks at their first and last words, and stores to them. */
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
