/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;

/** The file operations that the on-disk form needs; tests cut the power between two of them. */
interface Disk {
  long length() throws IOException;

  /** Fills the array from the position on, with zeros where the file ends first. */
  void read(long position, byte[] into) throws IOException;

  void write(long position, byte[] bytes) throws IOException;

  /**
   * Writes what a failed sync may have lost, past the memory that the kernel has of the file. After
   * a failed attempt to write a block that was to be allocated ext4 writes it at the next one, and
   * leaves it unallocated: it reads as zeros from the device. {@code FailedWriteBackTest} of
   * backend-panama shows it.
   */
  void writeThrough(long position, byte[] bytes) throws IOException;

  void setLength(long newLength) throws IOException;

  /**
   * Returns when all that was written is on the device. Either sync may be told, once, of a failure
   * of any page; then the file is {@linkplain #isLost lost}.
   */
  void sync() throws IOException;

  /** Returns when what was written to that range is on the device; does not wait for the rest. */
  void sync(long position, int length) throws IOException;

  /**
   * Whether a sync failed, also an earlier opener's, so that the device may not have what was
   * written before it, and never gets that unless it is written again.
   */
  boolean isLost();

  /** Says so of a sync by another way, or that what was lost was written again and waited for. */
  void noteLost(boolean lost);
}
