/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.report;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told how a measurement goes on, on the thread that runs it. An exception thrown here ends the
 * measurement.
 */
@ConsumerType
public interface MeasurementListener {
  /** Does nothing. */
  MeasurementListener NONE = new MeasurementListener() {};

  /** A line that the user should keep: what will be done, what has been done, what went wrong. */
  default void said(String line) {}

  /**
   * A step begins that may take a second or more.
   *
   * @param step its number and what it does: {@code 3 of 12, panama: random-read cold}
   */
  default void began(String step) {}
}
