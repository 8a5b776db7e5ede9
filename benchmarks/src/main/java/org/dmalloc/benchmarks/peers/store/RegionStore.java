/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.util.Locale;
import java.util.PrimitiveIterator;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.measure.PageContent;
import org.jspecify.annotations.Nullable;

/**
 * A named region of a provider; each use of a page is an access section, as in a careful program.
 */
final class RegionStore implements PageStore {
  private static final String NAME = "pages";

  private final MemoryProvider provider;
  private final MemoryRegion region;

  /**
   * Allocates or opens the region.
   *
   * @param pattern what to ask for; null for the default
   */
  RegionStore(MemoryProvider provider, @Nullable AccessPattern pattern, StorePlace place)
      throws IOException {
    this.provider = provider;
    boolean fresh;
    try (DirectoryStream<?> entries = Files.newDirectoryStream(place.directory())) {
      fresh = !entries.iterator().hasNext();
    }
    if (fresh) {
      RegionRequest request =
          RegionRequest.ofSize(place.byteSize()).withName(NAME).withDirectory(place.directory());
      region = provider.allocate(pattern == null ? request : request.withPattern(pattern));
    } else {
      OpenRequest request = OpenRequest.of(NAME).withDirectory(place.directory());
      region = provider.open(pattern == null ? request : request.withPattern(pattern));
    }
  }

  @Override
  public void fill(long page, PageContent content) {
    try (Access access = region.acquire()) {
      content.fill(access.segment(), page);
    }
  }

  @Override
  public void fillRest(long firstPage, long pageCount, PageContent content) throws IOException {
    if (provider.supportedAdvice().contains(Advice.NORMAL)) {
      // The next opening gives the pattern's own advice again.
      region.advise(Advice.NORMAL);
    }
    PageStore.super.fillRest(firstPage, pageCount, content);
  }

  @Override
  public void checkStamp(long page, PageContent content) {
    try (Access access = region.acquire()) {
      content.checkStamp(access.segment(), page);
    }
  }

  @Override
  public void checkAll(long page, PageContent content) {
    try (Access access = region.acquire()) {
      content.checkAll(access.segment(), page);
    }
  }

  @Override
  public void setMark(long page, PageContent content) {
    try (Access access = region.acquire()) {
      content.setMark(access.segment(), page);
    }
  }

  @Override
  public void checkMark(long page, PageContent content) {
    try (Access access = region.acquire()) {
      content.checkMark(
          page,
          access
              .segment()
              .get(
                  ValueLayout.JAVA_LONG_UNALIGNED,
                  page * PageContent.PAGE_BYTES + PageContent.MARK_OFFSET));
    }
  }

  @Override
  public boolean announces() {
    return provider.capabilities().contains(Capability.PREFETCH);
  }

  @Override
  public long checkAnnounced(PrimitiveIterator.OfLong pages, PageContent content)
      throws IOException {
    long[] done = {0};
    BatchedAccess.of(region, Long.BYTES)
        .visit(
            new PrimitiveIterator.OfLong() {
              @Override
              public boolean hasNext() {
                return pages.hasNext();
              }

              @Override
              public long nextLong() {
                return pages.nextLong() * PageContent.PAGE_BYTES;
              }
            },
            (segment, offset, index) -> {
              content.checkStampAt(segment, offset, offset / PageContent.PAGE_BYTES);
              done[0]++;
            });
    return done[0];
  }

  @Override
  public void force() throws MemoryException {
    region.force();
  }

  @Override
  public String note() {
    return String.format(
        Locale.ROOT, "%s, pattern %s", region.info().backend(), region.info().pattern());
  }

  @Override
  public void close() {
    region.close();
  }
}
