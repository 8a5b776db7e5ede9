/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

/**
 * A provider that broke its contract: it threw what no provider throws, gave null, or did not
 * answer. The message names it, its bundle and what it was asked.
 */
public final class ProviderFault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  /**
   * Makes the fault.
   *
   * @param backend which provider, in a few words
   * @param reason what it was asked, and what came of it
   */
  ProviderFault(String backend, String reason, Throwable cause) {
    super(backend + ": " + reason, cause);
    this.reason = reason;
  }

  /** What it was asked and what came of it, without its name. */
  public String reason() {
    return reason;
  }
}
