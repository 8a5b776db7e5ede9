/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.nio.file.Path;
import org.dmalloc.measure.PageContent;

/**
 * Where and how large a store is.
 *
 * @param directory an existing directory that the store has for itself
 * @param cacheBytes what a contender with a cache of its own may use for it
 */
public record StorePlace(Path directory, long byteSize, long cacheBytes) {
  public StorePlace {
    if (byteSize < PageContent.PAGE_BYTES || byteSize % PageContent.PAGE_BYTES != 0) {
      throw new IllegalArgumentException(
          "store of " + byteSize + " bytes; give whole pages of " + PageContent.PAGE_BYTES);
    }
  }

  public long pageCount() {
    return byteSize / PageContent.PAGE_BYTES;
  }
}
