/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

/**
 * The files of which a wait for the device failed, and whose headers were not written again and
 * waited for since. The kernel tells of a failure once, and takes what it could not write for
 * written: the next wait succeeds, also of whoever opens the file next, and the device has nothing.
 *
 * <p>The marks are system properties, which all class loaders share. They end with the JVM, and
 * with the name of the file. One that is left for a later file of the same inode costs it a write
 * of its header, and nothing else.
 */
final class LostWrites {
  private static final String PREFIX = "dmalloc.store.lost.";

  private LostWrites() {}

  static boolean of(FileIdentity file) {
    return System.getProperty(PREFIX + file.key()) != null;
  }

  static void set(FileIdentity file, boolean lost) {
    if (lost) {
      System.setProperty(PREFIX + file.key(), "");
    } else {
      System.clearProperty(PREFIX + file.key());
    }
  }
}
