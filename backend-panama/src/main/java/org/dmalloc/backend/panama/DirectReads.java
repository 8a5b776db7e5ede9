/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.io.Closeable;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.OpenFile;
import org.jspecify.annotations.Nullable;

/** A region's file for reads that come from the device; opened when first asked for. */
final class DirectReads implements Closeable {
  private boolean asked;
  private @Nullable OpenFile opened;

  /** The file; empty where there are no such reads: then what the file system says has to do. */
  synchronized Optional<OpenFile> of(OpenFile descriptor) {
    if (!asked) {
      asked = true;
      try {
        opened = descriptor.openDirect();
      } catch (MemoryException e) {
        opened = null;
      }
    }
    return Optional.ofNullable(opened);
  }

  @Override
  public synchronized void close() {
    OpenFile last = opened;
    if (last != null) {
      last.close();
      opened = null;
    }
  }
}
