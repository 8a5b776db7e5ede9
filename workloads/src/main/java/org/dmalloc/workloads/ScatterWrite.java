/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.Capability;

/**
 * Stores what {@link RandomWrite} does, 8 bytes to pages in random order, but out of one segment,
 * {@value GatherRead#LIST_RECORDS} at a time, by {@link BatchedAccess#scatter}. The time of a list
 * counts to its first record.
 */
public final class ScatterWrite implements Workload {
  private static final int LIST_RECORDS = GatherRead.LIST_RECORDS;
  private static final int VERIFIED_PAGES = 10_000;

  /** The workload. */
  public ScatterWrite() {}

  @Override
  public String name() {
    return "scatter-write";
  }

  @Override
  public String operation() {
    return "store 8 bytes to a random page, %d pages to a call of scatter".formatted(LIST_RECORDS);
  }

  @Override
  public Kind kind() {
    return Kind.WRITE;
  }

  @Override
  public AccessPattern pattern() {
    return AccessPattern.RANDOM;
  }

  @Override
  public Set<Capability> needs() {
    return Set.of(Capability.PREFETCH);
  }

  @Override
  public long bytesPerOperation(Start start) {
    return start == Start.COLD ? PageContent.PAGE_BYTES : Long.BYTES;
  }

  @Override
  public int warmGroupSize() {
    return LIST_RECORDS;
  }

  @Override
  public Worker worker(WorkerContext context) {
    return new Scatterer(context);
  }

  private static final class Scatterer implements Worker {
    private final WorkerContext context;
    private final PageContent content;
    private final PageChoice pages;
    private final BatchedAccess access;
    private final MemorySegment packed = Arena.ofAuto().allocate(JAVA_LONG, LIST_RECORDS);
    private int left;
    private long stores;

    Scatterer(WorkerContext context) {
      this.context = context;
      content = new PageContent(context.seed());
      pages = new PageChoice(context);
      access = BatchedAccess.of(context.requireRegion(), Long.BYTES);
    }

    @Override
    public int work(MemorySegment segment, int count) throws IOException {
      int done = 0;
      while (done < count) {
        if (left == 0) {
          long[] offsets = pages.offsets(LIST_RECORDS, PageContent.MARK_OFFSET);
          if (offsets.length == 0) {
            break;
          }
          for (int i = 0; i < offsets.length; i++) {
            packed.setAtIndex(JAVA_LONG, i, content.mark(offsets[i] / PageContent.PAGE_BYTES));
          }
          access.scatter(offsets, packed, Long.BYTES);
          left = offsets.length;
        }
        int taken = Math.min(left, count - done);
        left -= taken;
        done += taken;
      }
      stores += done;
      return done;
    }

    @Override
    public void verify(MemorySegment segment) {
      PageChoice again = new PageChoice(context);
      for (long i = 0; i < Math.min(stores, VERIFIED_PAGES); i++) {
        content.checkMark(segment, again.next());
      }
    }
  }
}
