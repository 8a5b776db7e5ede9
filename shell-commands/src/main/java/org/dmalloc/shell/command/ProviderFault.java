/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

/**
 * A provider broke its contract: it threw an exception that no provider throws, returned null, or
 * did not answer. The message names it, its bundle and the request.
 */
public final class ProviderFault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  /** Takes the provider's description, and the request with its result. */
  ProviderFault(String backend, String reason, Throwable cause) {
    super(backend + ": " + reason, cause);
    this.reason = reason;
  }

  /** The request and its result, without the provider's name. */
  public String reason() {
    return reason;
  }
}
