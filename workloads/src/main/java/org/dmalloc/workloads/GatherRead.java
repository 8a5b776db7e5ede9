/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;

/**
 * Copies records of 256 bytes out of pages in random order into one segment, {@value #LIST_RECORDS}
 * at a time, by {@link BatchedAccess#gather}, and checks each copy. The time of a list counts to
 * its first record.
 */
public final class GatherRead implements Workload {
  /** Records that are asked for in one call. */
  static final int LIST_RECORDS = 4096;

  private static final int RECORD_BYTES = 256;

  /** The workload. */
  public GatherRead() {}

  @Override
  public String name() {
    return "gather-read";
  }

  @Override
  public String operation() {
    return "copy %d bytes out of a random page, %d pages to a call of gather"
        .formatted(RECORD_BYTES, LIST_RECORDS);
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
    return start == Start.COLD ? PageContent.PAGE_BYTES : RECORD_BYTES;
  }

  @Override
  public int warmGroupSize() {
    return LIST_RECORDS;
  }

  @Override
  public Worker worker(WorkerContext context) {
    return new Gatherer(context);
  }

  private static final class Gatherer implements Worker {
    private final PageContent content;
    private final PageChoice pages;
    private final BatchedAccess access;
    private final MemorySegment packed =
        Arena.ofAuto().allocate((long) LIST_RECORDS * RECORD_BYTES, PageContent.PAGE_BYTES);
    private long[] offsets = new long[0];
    private int place;

    Gatherer(WorkerContext context) {
      MemoryRegion region = context.requireRegion();
      content = new PageContent(context.seed());
      pages = new PageChoice(context);
      access = BatchedAccess.of(region, RECORD_BYTES);
    }

    @Override
    public int work(MemorySegment segment, int count) throws IOException {
      int done = 0;
      while (done < count) {
        if (place == offsets.length) {
          offsets = pages.offsets(LIST_RECORDS, 0);
          place = 0;
          if (offsets.length == 0) {
            return done;
          }
          access.gather(offsets, packed, RECORD_BYTES);
        }
        content.checkStampAt(
            packed, (long) place * RECORD_BYTES, offsets[place] / PageContent.PAGE_BYTES);
        place++;
        done++;
      }
      return done;
    }
  }
}
