/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * One result of {@link MemoryProvider#verify()}.
 *
 * @param severity how bad it is
 * @param subject what was checked: a directory, a file, a file system
 * @param message what was found, and the next step where one is needed
 */
public record StoreFinding(Severity severity, String subject, String message) {
  /** How bad a finding is. */
  public enum Severity {
    /** As it should be. */
    OK,
    /** Works, with a limit that the user should know. */
    WARNING,
    /** Does not work, or data is damaged. */
    ERROR
  }
}
