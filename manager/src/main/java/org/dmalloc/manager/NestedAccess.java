/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.spi.region.SectionGate;

/**
 * A section on a managed region that is one on the backend's too, which ends first.
 *
 * @param slot what entering the managed region's gate gave
 * @param segment of the managed region: that of the backend's, read-only if a byte is protected
 */
record NestedAccess(SectionGate gate, int slot, Access backends, MemorySegment segment)
    implements Access {
  /** What is thrown at a second close, or on another thread, is thrown before anything is done. */
  @Override
  public void close() {
    backends.close();
    gate.exit(slot);
  }
}
