/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;

/** One thread's share of a run of a {@link Workload}; used by that thread only. */
@FunctionalInterface
public interface Worker {
  /**
   * Does up to {@code count} operations, inside a group of the store's pages.
   *
   * @param count at least 1
   * @return how many were done: fewer than {@code count} when no more are left, 0 at the end
   * @throws WrongContentException if the store holds what was not written to it
   */
  int work(int count) throws IOException;

  /** Called after the warm-up: counts begin again. */
  default void beginMeasuring() {}

  /** How many pages the measured operations used. */
  default long pages(long operations) {
    return operations;
  }

  /** How many different pages they changed; {@link Measurement#UNKNOWN} if not counted. */
  default long changedPages(long operations) {
    return 0;
  }

  /**
   * Checks, untimed and after the run, that {@code most} of the stores can be loaded. The pages may
   * be those of the store opened anew.
   *
   * @throws WrongContentException if the store holds something else
   */
  default void verify(Pages pages, int most) throws IOException {}
}
