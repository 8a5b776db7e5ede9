/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

/** Hears how a benchmark of moves goes on, on the thread that runs it. */
public interface MoveBenchmarkListener {
  /** Hears nothing. */
  MoveBenchmarkListener NONE = new MoveBenchmarkListener() {};

  /** Something to keep: what will be done, then each part that is done. One line. */
  default void said(String line) {}

  /**
   * A step has begun.
   *
   * @param what size, rate of writing, direction and number of the move
   */
  default void progressed(String what) {}
}
