/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

/**
 * One result of a check.
 *
 * @param subject the setting, disk or directory
 * @param value of the setting, with its unit
 * @param effect what it means for regions and benchmarks, in one line
 * @param command the command that changes it; empty if no change is needed or possible
 */
public record Finding(
    String check, Severity severity, String subject, String value, String effect, String command) {
  /** Whether a finding needs attention; in this order. */
  public enum Severity {
    /** As it should be. */
    OK,
    /** Works, and explains figures of benchmarks. */
    NOTE,
    /** Slows regions down badly, or makes them fail. */
    WARN
  }
}
