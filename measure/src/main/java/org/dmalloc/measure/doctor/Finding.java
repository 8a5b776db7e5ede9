/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

/**
 * One thing that a check found out about this machine.
 *
 * @param check the name of the check
 * @param severity whether it needs attention
 * @param subject what was looked at: a setting, a disk, a directory
 * @param value what it is set to, with its unit
 * @param effect what this does to regions and benchmarks, in one line
 * @param command the command that changes it; empty where nothing needs to be changed, or nothing
 *     can be
 */
public record Finding(
    String check, Severity severity, String subject, String value, String effect, String command) {
  /** Whether a finding needs attention; in this order. */
  public enum Severity {
    /** As it should be. */
    OK,
    /** Works; better known before a benchmark surprises. */
    NOTE,
    /** Will slow things down badly, or make them fail. */
    WARN
  }
}
