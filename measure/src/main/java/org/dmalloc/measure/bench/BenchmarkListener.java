/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import org.dmalloc.measure.disk.RawSurvey;
import org.osgi.annotation.versioning.ConsumerType;

/** Told how a benchmark goes, on the thread that runs it. An exception thrown here ends it. */
@ConsumerType
public interface BenchmarkListener {
  /** A listener that does nothing. */
  BenchmarkListener NONE = new BenchmarkListener() {};

  /**
   * Something that may take a second or more begins.
   *
   * @param activity what, such as {@code "panama: random-read cold"}
   * @param stepsDone steps that are done
   * @param stepsTotal steps in all
   */
  default void began(String activity, int stepsDone, int stepsTotal) {}

  /** The raw disk of a backend was measured. */
  default void surveyed(RawSurvey survey) {}

  /** A workload was run, or could not be. */
  default void finished(BenchmarkResult result) {}

  /** Something happened that the user should know: a left-over region was removed … */
  default void noted(String note) {}
}
