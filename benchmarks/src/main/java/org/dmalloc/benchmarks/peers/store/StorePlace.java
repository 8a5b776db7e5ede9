/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.nio.file.Path;
import java.util.Locale;
import org.dmalloc.measure.PageContent;

/**
 * Where and how large a store is.
 *
 * @param directory an existing directory that the store has for itself
 * @param byteSize whole pages
 * @param cacheBytes what a contender with a cache of its own may use for it
 */
public record StorePlace(Path directory, long byteSize, long cacheBytes) {
  /** Checks the size. */
  public StorePlace {
    if (byteSize < PageContent.PAGE_BYTES || byteSize % PageContent.PAGE_BYTES != 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "store of %d bytes; give whole pages of %d",
              byteSize,
              PageContent.PAGE_BYTES));
    }
  }

  /** How many pages. */
  public long pageCount() {
    return byteSize / PageContent.PAGE_BYTES;
  }
}
