/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;

/** An allocator that is measured. Its blocks end with it, or with the process. */
@FunctionalInterface
interface Allocator extends AutoCloseable {
  /** New slots without blocks; called by the thread that is to use them first. */
  Blocks blocks(int slots) throws IOException;

  @Override
  default void close() throws IOException {}
}
