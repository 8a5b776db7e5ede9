/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.measure.PageContent;
import org.dmalloc.report.Units;
import org.jspecify.annotations.Nullable;

/** The pages of a region; each use is an access section, as in a careful program. */
final class RegionMemory implements PagedMemory {
  private final MemoryProvider provider;
  private final MemoryRegion region;
  private final boolean announces;
  private AccessPattern wanted;

  /**
   * Takes over a region.
   *
   * @param announces whether to hand announcements on
   */
  RegionMemory(MemoryProvider provider, MemoryRegion region, boolean announces) {
    this.provider = provider;
    this.region = region;
    this.announces = announces;
    wanted = region.info().pattern();
  }

  @Override
  public long pageCount() {
    return region.byteSize() / PageContent.PAGE_BYTES;
  }

  @Override
  public Cursor cursor() {
    return new SectionCursor();
  }

  @Override
  public void announce(long[] pages) throws MemoryException {
    if (announces && pages.length > 0) {
      long[] offsets = new long[pages.length];
      for (int i = 0; i < pages.length; i++) {
        offsets[i] = pages[i] * PageContent.PAGE_BYTES;
      }
      region.prefetch(offsets, PageContent.PAGE_BYTES);
    }
  }

  @Override
  public void beginBulkLoad() throws MemoryException {
    // Kept here: from now on the region tells the advice of the load.
    wanted = region.info().pattern();
    if (wanted != AccessPattern.AUTO && isAdvised(Advice.NORMAL)) {
      region.advise(Advice.NORMAL);
    }
  }

  @Override
  public void endBulkLoad(long ramBytes) throws MemoryException {
    if (provider.capabilities().contains(Capability.FORCE)) {
      region.force();
      if (isAdvised(Advice.PAGE_OUT)) {
        region.advise(Advice.PAGE_OUT);
      }
    }
    if (wanted == AccessPattern.AUTO) {
      return; // to advise anything would end it
    }
    Advice advice = Advice.valueOf(wanted.name());
    if (isAdvised(advice)) {
      region.advise(advice);
    }
    // RAM is full when a load ends, with what came last: so it is here, but in pages of this
    // advice.
    if (provider.capabilities().contains(Capability.FORCE) && isAdvised(Advice.WILL_NEED)) {
      long from = Math.max(0, region.byteSize() - ramBytes) & -PageContent.PAGE_BYTES;
      region.advise(Advice.WILL_NEED, from, region.byteSize() - from);
    }
  }

  private boolean isAdvised(Advice advice) {
    return provider.supportedAdvice().contains(advice);
  }

  @Override
  public long force() throws MemoryException {
    if (!provider.capabilities().contains(Capability.FORCE)) {
      return OWES_NOTHING;
    }
    long begin = System.nanoTime();
    region.force();
    return System.nanoTime() - begin;
  }

  @Override
  public String note() {
    RegionInfo info = region.info();
    return info.residentBudget() == RegionRequest.NO_BUDGET
        ? info.backing()
        : info.backing() + ", resident budget of " + Units.bytes(info.residentBudget());
  }

  @Override
  public void close() {
    region.close();
  }

  private final class SectionCursor implements Cursor {
    private @Nullable Access access;
    private MemorySegment segment = MemorySegment.NULL;

    @Override
    public long enter(long page, Use use) throws IOException {
      Access opened = region.acquire();
      access = opened;
      segment = opened.segment();
      return page * PageContent.PAGE_BYTES;
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public void leave() {
      Access opened = access;
      if (opened != null) {
        access = null;
        opened.close();
      }
    }
  }
}
