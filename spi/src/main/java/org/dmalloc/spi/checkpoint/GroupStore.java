/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.nio.file.Path;
import org.dmalloc.api.MemoryException;

/** The store whose regions a journal has, as {@link OpenGroups} needs it. */
public interface GroupStore {
  /** The store's directory, absolute. */
  Path directory();

  /** Brings what a journal has and the files have not yet into the files. */
  void replay(Journal journal) throws MemoryException;
}
