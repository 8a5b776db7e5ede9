/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The directories that this JVM, by whatever copy of this class, has used as stores: one that is
 * missing now is not made anew, which would part the regions that are open from those that come.
 */
final class SeenDirectories {
  private static final String PREFIX = "dmalloc.store.seen.";

  private SeenDirectories() {}

  static void add(Path directory) {
    System.setProperty(PREFIX + directory, "true");
  }

  /** Whether it was there before in this JVM's life, and is missing now. */
  static boolean hasGone(Path directory) {
    return System.getProperty(PREFIX + directory) != null && !Files.exists(directory);
  }
}
