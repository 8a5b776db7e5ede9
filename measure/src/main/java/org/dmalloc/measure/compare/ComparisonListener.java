/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

/** Hears how a comparison goes on, on the thread that runs it. */
public interface ComparisonListener {
  /** Hears nothing. */
  ComparisonListener NONE = new ComparisonListener() {};

  /** Something that the user should read: one line. */
  default void said(String line) {}

  /**
   * A child has begun a workload.
   *
   * @param done how many children are done
   * @param total how many there will be
   * @param what contender, run and workload
   */
  default void progressed(int done, int total, String what) {}
}
