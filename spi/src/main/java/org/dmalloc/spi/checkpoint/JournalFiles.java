/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/** The three files of one journal, held off from all others. */
interface JournalFiles extends Closeable {
  int SLOTS = 2;

  /** The file or directory as messages name it. */
  Path path();

  JournalDisk group();

  JournalDisk slot(int index);

  default Path slotPath(int index) {
    return path().resolve(Integer.toString(index));
  }

  default Path groupPath() {
    return path().resolve("group");
  }

  /** Takes the files out of the store for good, and closes them. */
  void delete() throws IOException;
}
