/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.nio.file.Path;
import org.dmalloc.measure.PageContent;

/**
 * An existing directory that a store does not share, and the store's size. {@code cacheBytes}
 * bounds the contender's own cache, if it has one.
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
