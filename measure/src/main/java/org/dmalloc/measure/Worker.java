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
   * @return how many operations were done; fewer than {@code count} when no more are left, 0 at the
   *     end
   * @throws IOException if the store refuses something
   * @throws WrongContentException if it holds what was not written to it
   */
  int work(int count) throws IOException;

  /** The warm-up is over: what was counted so far does not count. */
  default void beginMeasuring() {}

  /** How many pages the measured operations used. */
  default long pages(long operations) {
    return operations;
  }

  /** How many different pages they changed; {@link Measurement#UNKNOWN} if that was not counted. */
  default long changedPages(long operations) {
    return 0;
  }

  /**
   * Checks, untimed and after the run, that what was stored can be loaded.
   *
   * @param pages those of the store, perhaps opened anew
   * @param most how many pages to check
   * @throws WrongContentException if something else is there
   */
  default void verify(Pages pages, int most) throws IOException {}
}
