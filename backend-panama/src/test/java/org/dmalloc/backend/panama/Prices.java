/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

// README begins: what stands between here and the end is in README.md, letter by letter.
@Component(service = Prices.class)
public final class Prices {
  private final MemoryProvider provider;

  @Activate
  public Prices(@Reference(target = "(dmalloc.capability=NAMED)") MemoryProvider provider)
      throws MemoryException {
    this.provider = provider;
    try (MemoryRegion region = openOrAllocate(64 << 20)) {
      try (Access access = region.acquire()) { // a few nanoseconds; the memory stays put inside
        access.segment().setAtIndex(JAVA_LONG, 1_000_000, 42);
      }
      region.prefetch(new long[] {0, 1 << 20, 7 << 20}, 4096); // one system call for the batch
      region.force(); // now it survives a power loss
    }
  }

  private MemoryRegion openOrAllocate(long byteSize) throws MemoryException {
    if (provider.stored().stream().anyMatch(stored -> stored.name().equals("prices"))) {
      return provider.open("prices"); // the last run's, with all that it forced
    }
    return provider.allocate(
        RegionRequest.ofSize(byteSize).withName("prices").withPattern(AccessPattern.RANDOM));
  }

  public long price(long number) throws MemoryException {
    try (MemoryRegion region = provider.open("prices");
        Access access = region.acquire()) {
      return access.segment().getAtIndex(JAVA_LONG, number);
    }
  }
}
// README ends.
