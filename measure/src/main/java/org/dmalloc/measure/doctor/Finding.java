/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

/**
 * One result of a check.
 *
 * @param subject the setting, disk or directory that was examined
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
    /** Works; explains figures of benchmarks. */
    NOTE,
    /** Will slow things down badly, or make them fail. */
    WARN
  }
}
