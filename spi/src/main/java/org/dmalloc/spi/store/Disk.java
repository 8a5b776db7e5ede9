/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;

/** The file operations that the on-disk form needs; tests cut the power between two of them. */
interface Disk {
  long length() throws IOException;

  /** Fills the array from the position on, with zeros where the file ends first. */
  void read(long position, byte[] into) throws IOException;

  void write(long position, byte[] bytes) throws IOException;

  void setLength(long newLength) throws IOException;

  /**
   * Returns when all that was written is on the device. Either sync may be told, once, of a failure
   * of any page.
   */
  void sync() throws IOException;

  /** Returns when what was written to that range is on the device; does not wait for the rest. */
  void sync(long position, int length) throws IOException;
}
