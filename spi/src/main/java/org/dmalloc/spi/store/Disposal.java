/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * The end of a region that takes its file along. What fails of it comes out when the region is
 * closed, not in the middle of that.
 */
public final class Disposal {
  private @Nullable MemoryException failure;

  /** Begins with no failure. */
  public Disposal() {}

  /** Closes the file and deletes it. */
  public void end(StoreFile file) {
    try {
      file.discard();
    } catch (MemoryException e) {
      failure = e;
    }
  }

  /** Throws what failed. */
  public void check() throws MemoryException {
    if (failure != null) {
      throw failure;
    }
  }
}
