/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionRequest;

/** The pages of a region; each group of operations is one access section. */
public final class RegionPages implements PageStore {
  /** Forced in pieces, so that an interrupt need not wait for all of a large region. */
  private static final long FORCE_BYTES = 64L << 20;

  private final Set<Capability> capabilities;
  private final Set<Advice> advices;
  private final MemoryRegion region;
  private final AccessPattern pattern;

  /** The pages of a region of this provider; {@link #close} closes the region. */
  public RegionPages(MemoryProvider provider, MemoryRegion region) {
    this(region, provider.capabilities(), provider.supportedAdvice());
  }

  private RegionPages(MemoryRegion region, Set<Capability> capabilities, Set<Advice> advices) {
    this.region = region;
    this.capabilities = capabilities;
    this.advices = advices;
    pattern = region.info().pattern();
  }

  /** The pages of a region of another owner, which are neither forced nor advised. */
  public static RegionPages withoutProvider(MemoryRegion region) {
    return new RegionPages(region, Set.of(), Set.of());
  }

  @Override
  public Optional<MemoryRegion> region() {
    return Optional.of(region);
  }

  @Override
  public long pageCount() {
    return region.byteSize() / PageContent.PAGE_BYTES;
  }

  @Override
  public SegmentPages pages() {
    return new Sections(region);
  }

  @Override
  public boolean announces() {
    return has(Capability.PREFETCH);
  }

  @Override
  public void announce(long[] pages) throws MemoryException {
    long[] offsets = new long[pages.length];
    for (int i = 0; i < pages.length; i++) {
      offsets[i] = pages[i] * PageContent.PAGE_BYTES;
    }
    region.prefetch(offsets, PageContent.PAGE_BYTES);
  }

  @Override
  public void bulkLoad(long firstPage, PageContent content) throws IOException {
    // Any advice would end what AUTO has learned.
    if (pattern != AccessPattern.AUTO) {
      advise(Advice.NORMAL, 0);
    }
    PageStore.super.bulkLoad(firstPage, content);
  }

  @Override
  public void settle(long ramBytes) throws IOException {
    if (has(Capability.FORCE)) {
      force();
      advise(Advice.PAGE_OUT, 0);
    }
    if (pattern == AccessPattern.AUTO) {
      return;
    }
    advise(Advice.valueOf(pattern.name()), 0);
    // RAM is full when a load ends, with what came last: so it is here, but in pages of this
    // advice.
    if (has(Capability.FORCE)) {
      advise(Advice.WILL_NEED, Math.max(0, region.byteSize() - ramBytes) & -PageContent.PAGE_BYTES);
    }
  }

  private boolean has(Capability capability) {
    return capabilities.contains(capability);
  }

  /** Advises from an offset to the end, if the provider supports the advice. */
  private void advise(Advice advice, long from) throws MemoryException {
    if (advices.contains(advice)) {
      region.advise(advice, from, region.byteSize() - from);
    }
  }

  @Override
  public long force() throws IOException {
    if (!has(Capability.FORCE)) {
      return NOTHING_TO_FORCE;
    }
    long begin = System.nanoTime();
    for (long offset = 0; offset < region.byteSize(); offset += FORCE_BYTES) {
      region.force(offset, Math.min(FORCE_BYTES, region.byteSize() - offset));
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("force was interrupted");
      }
    }
    return System.nanoTime() - begin;
  }

  @Override
  public String note() {
    RegionInfo info = region.info();
    return info.residentBudget() == RegionRequest.NO_BUDGET
        ? info.backing()
        : info.backing() + ", resident budget of " + (info.residentBudget() >> 20) + " MiB";
  }

  @Override
  public void close() {
    region.close();
  }

  private static final class Sections extends SegmentPages.Whole {
    private final MemoryRegion region;
    private MemorySegment segment = MemorySegment.NULL;

    Sections(MemoryRegion region) {
      this.region = region;
    }

    @Override
    public int group(Worker worker, int count) throws IOException {
      // Kept in a field, each section would be an object that compiled code has to make.
      try (Access section = region.acquire()) {
        segment = section.segment();
        return worker.work(count);
      } finally {
        segment = MemorySegment.NULL;
      }
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }
  }
}
