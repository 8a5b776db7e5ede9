/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;

/**
 * A way to give a process less memory than the machine has. The limit counts all that the kernel
 * charges to the process: its heap and code, anonymous memory, and the page cache of its files.
 * Swap is not limited.
 */
public sealed interface MemoryLimit permits CgroupLimit, ScopeLimit {
  String description();

  /**
   * Makes a place for one process.
   *
   * @throws IOException if the system refuses it
   */
  Place create(long byteSize) throws IOException;

  /** A limited place that one process is started in. */
  interface Place extends AutoCloseable {
    /** The command that runs {@code command} in this place. */
    List<String> wrap(List<String> command);

    /**
     * The file that holds {@link #peakBytes()}, for a process in this place; empty if it has to
     * find it by itself.
     */
    default String peakFile() {
      return "";
    }

    /** The most memory that was in use at once; empty if the kernel does not report it. */
    default OptionalLong peakBytes() {
      return OptionalLong.empty();
    }

    /** How many processes were killed here for want of memory; empty if unknown. */
    default OptionalLong outOfMemoryKills() {
      return OptionalLong.empty();
    }

    /** Removes the place, and ends what still runs in it. */
    @Override
    default void close() throws IOException {}
  }
}
