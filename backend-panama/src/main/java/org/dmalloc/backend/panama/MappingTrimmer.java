/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.ResidentClock;
import org.dmalloc.spi.region.ResidentTrimmer;

/** Trims a region by the clock of its mapping. */
record MappingTrimmer(ResidentClock clock) implements ResidentTrimmer {
  @Override
  public long residentBytes() throws MemoryException {
    return clock.residentBytes();
  }

  @Override
  public void begin(long excessBytes, long aheadBytes, long graceNanos) throws MemoryException {
    clock.begin(excessBytes, aheadBytes, graceNanos);
  }

  @Override
  public long step() throws MemoryException {
    return clock.step();
  }
}
