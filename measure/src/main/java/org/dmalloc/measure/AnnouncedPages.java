/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;

/** Random pages that the region is told of before they are used, a list at a time. */
abstract sealed class AnnouncedPages implements Workload
    permits BatchedRead, GatherRead, ScatterWrite, VisitRead {
  /** Records that are asked for in one call of {@link org.dmalloc.api.BatchedAccess}. */
  static final int LIST_RECORDS = 4096;

  private final int listRecords;
  private final int recordBytes;

  /**
   * Such a workload.
   *
   * @param listRecords pages that are announced in one call
   * @param recordBytes what is used of each page
   */
  AnnouncedPages(int listRecords, int recordBytes) {
    this.listRecords = listRecords;
    this.recordBytes = recordBytes;
  }

  @Override
  public final AccessPattern pattern() {
    return AccessPattern.RANDOM;
  }

  @Override
  public final Set<Capability> needs() {
    return Set.of(Capability.PREFETCH);
  }

  @Override
  public final long bytesPerOperation(Start start) {
    return start == Start.COLD ? PageContent.PAGE_BYTES : recordBytes;
  }

  @Override
  public final int warmGroupSize() {
    // Whole lists: a part of one would time the announcement or leave it out.
    return listRecords;
  }

  /** Does a list in one call, so that its time counts to its first record. */
  abstract static class ListWorker implements Worker {
    private final PageChoice pages;
    private final long inPage;
    private int left;

    /**
     * Such a worker.
     *
     * @param inPage where in its page each record begins
     */
    ListWorker(WorkerContext context, long inPage) {
      pages = new PageChoice(context);
      this.inPage = inPage;
    }

    @Override
    public int work(MemorySegment segment, int count) throws IOException {
      int done = 0;
      while (done < count) {
        if (left == 0) {
          long[] offsets = pages.offsets(LIST_RECORDS, inPage);
          if (offsets.length == 0) {
            return done;
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

    /** Uses the records at these offsets, one at least, and checks what it reads. */
    abstract void use(long[] offsets) throws IOException;
  }
}
