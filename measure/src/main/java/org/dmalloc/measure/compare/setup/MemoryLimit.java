/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;

/**
 * A way to give a process less memory than the machine has. The limit counts what the kernel
 * charges to the process: heap, code, anonymous memory and the page cache of its files, but not
 * swap.
 */
public sealed interface MemoryLimit permits CgroupLimit, ScopeLimit {
  String description();

  /** Throws an {@link IOException} if the system rejects the limit. */
  Place create(long byteSize) throws IOException;

  /** A limited place that one process is started in. */
  interface Place extends AutoCloseable {
    List<String> wrap(List<String> command);

    /**
     * The file with {@link #peakBytes()} for a process in this place; empty if it has to find it.
     */
    default String peakFile() {
      return "";
    }

    /** The peak charge; empty if the kernel does not report it. */
    default OptionalLong peakBytes() {
      return OptionalLong.empty();
    }

    /** The number of processes that the kernel killed here for lack of memory; empty if unknown. */
    default OptionalLong outOfMemoryKills() {
      return OptionalLong.empty();
    }

    /** Removes the place, and ends the processes in it. */
    @Override
    default void close() throws IOException {}
  }
}
