/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The file of a checkpointed region. Offsets are in bytes from the start of the region, and may
 * reach behind its size as far as the file does. No interrupt cuts a call short.
 */
public interface MemberFile extends AutoCloseable {
  void write(long offset, ByteBuffer content) throws IOException;

  /** Makes a range zero: a hole in a sparse region, and keeps the space of a reserved one. */
  void zero(long offset, long length) throws IOException;

  /** Fills the buffer, with zeros behind the end of the file. */
  void read(long offset, ByteBuffer into) throws IOException;

  /**
   * Writes size and length of a checkpoint into the header, unless it has them; durable with the
   * next {@link #sync}.
   *
   * @param length how many bytes are in use; -1 if nobody has said
   * @return whether something was written
   */
  boolean settle(long byteSize, long length) throws IOException;

  /** Returns when the device has all that was written, the header included. */
  void sync() throws IOException;

  /** Ends the use of it; the file stays open for whoever has it open otherwise. */
  @Override
  default void close() throws IOException {}
}
