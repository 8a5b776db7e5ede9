/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** One thread's share of a run of a {@link Workload}; used by that thread only. */
public interface Worker {
  /**
   * Does up to {@code count} operations.
   *
   * @param segment the region, valid during this call only; {@link MemorySegment#NULL} for
   *     workloads that take regions of their own
   * @param count at least 1
   * @return how many operations were done; fewer than {@code count} when no more are left, 0 at the
   *     end
   * @throws IOException if the provider refuses something
   * @throws WrongContentException if the region holds what was not written to it
   */
  int work(MemorySegment segment, int count) throws IOException;

  /**
   * Checks, untimed and after the run, that what was written can be read.
   *
   * @throws WrongContentException if not
   */
  default void verify(MemorySegment segment) {}
}
