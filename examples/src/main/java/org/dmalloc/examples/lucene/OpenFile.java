/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import org.dmalloc.api.MemoryRegion;

/** A region that is open for an output, for inputs, or both; {@link RegionFiles} counts them. */
final class OpenFile {
  private final MemoryRegion region;

  /** How many have it open; guarded by the files that it is one of. */
  int users;

  OpenFile(MemoryRegion region) {
    this.region = region;
  }

  MemoryRegion region() {
    return region;
  }
}
