/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The file operations that a journal needs; tests cut the power between two of them. */
interface JournalDisk {
  long length() throws IOException;

  /** Fills the buffer from the position on, with zeros where the file ends first. */
  void read(long position, ByteBuffer into) throws IOException;

  /** Writes all of the buffer, and lengthens the file if need be. */
  void write(long position, ByteBuffer content) throws IOException;

  void setLength(long newLength) throws IOException;

  /** Returns when all that was written is on the device, the length included. */
  void sync() throws IOException;
}
