/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.report;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Follows a measurement on the thread that runs it. An exception thrown here ends the measurement.
 */
@ConsumerType
public interface MeasurementListener {
  MeasurementListener NONE = new MeasurementListener() {};

  /** A line to keep: what will be done, what was done, what went wrong. */
  default void said(String line) {}

  /**
   * A step begins that may take a second or more, such as {@code 3 of 12, panama: random-read
   * cold}.
   */
  default void began(String step) {}
}
