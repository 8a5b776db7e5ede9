/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;

/**
 * Reads what {@link RandomRead} does, 8 bytes of pages in random order, but in lists of {@value
 * GatherRead#LIST_RECORDS} by {@link BatchedAccess#visit}. The time of a list counts to its first
 * record.
 */
public final class VisitRead implements Workload {
  private static final int LIST_RECORDS = GatherRead.LIST_RECORDS;

  /** The workload. */
  public VisitRead() {}

  @Override
  public String name() {
    return "visit-read";
  }

  @Override
  public String operation() {
    return "load 8 bytes of a random page, %d pages to a call of visit".formatted(LIST_RECORDS);
  }

  @Override
  public Kind kind() {
    return Kind.READ;
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
    return new Visitor(context);
  }

  private static final class Visitor implements Worker {
    private final PageContent content;
    private final PageChoice pages;
    private final BatchedAccess access;
    private int left;

    Visitor(WorkerContext context) {
      MemoryRegion region = context.requireRegion();
      content = new PageContent(context.seed());
      pages = new PageChoice(context);
      access = BatchedAccess.of(region, Long.BYTES);
    }

    @Override
    public int work(MemorySegment segment, int count) throws IOException {
      int done = 0;
      while (done < count) {
        if (left == 0) {
          long[] offsets = pages.offsets(LIST_RECORDS, 0);
          if (offsets.length == 0) {
            return done;
          }
          access.visit(
              offsets,
              (region, offset, index) ->
                  content.checkStampAt(region, offset, offset / PageContent.PAGE_BYTES));
          left = offsets.length;
        }
        int taken = Math.min(left, count - done);
        left -= taken;
        done += taken;
      }
      return done;
    }
  }
}
