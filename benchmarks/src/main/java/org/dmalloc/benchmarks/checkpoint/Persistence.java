/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import java.io.IOException;
import java.util.Optional;
import org.dmalloc.api.CheckpointStatus;

/** Pages that are stored to in memory, and made durable. For use by one thread. */
interface Persistence extends AutoCloseable {
  /** Stores to all bytes of some pages; by this alone they are not durable. */
  void store(int[] pages, long stamp) throws IOException;

  /** Returns when the device has all that was stored. */
  void persist() throws IOException, InterruptedException;

  /** Waits for what goes on behind {@link #persist}. */
  default void settle() throws IOException {}

  /** The first 8 bytes of a page, as they are in memory. */
  long load(int page) throws IOException;

  /** Whether it writes through a mapping, so that no system call counts its bytes. */
  default boolean mapped() {
    return false;
  }

  /** What the last {@link #persist} took by its own account. */
  default Optional<CheckpointStatus> status() {
    return Optional.empty();
  }

  @Override
  void close() throws IOException;
}
