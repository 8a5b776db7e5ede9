/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.Locale;

/** A request needs what the provider does not declare. Nothing was created or changed. */
public class UnsupportedCapabilityException extends UnsupportedOperationException {
  private static final long serialVersionUID = 1L;

  private final Capability capability;
  private final String backend;
  private final boolean explained;

  /**
   * Makes an exception that names the backend, the capability and how to find a provider with it.
   *
   * @param backend the provider's name
   * @param capability what it lacks
   */
  public UnsupportedCapabilityException(String backend, Capability capability) {
    super(
        String.format(
            Locale.ROOT,
            "backend %s lacks %s; choose a provider with (%s=%s)",
            backend,
            capability,
            MemoryProvider.CAPABILITY,
            capability));
    this.backend = backend;
    this.capability = capability;
    this.explained = false;
  }

  /**
   * Makes an exception whose message has a next step of its own, where another provider is not what
   * helps: a region lies where the capability is missing and can move to where it is.
   *
   * @param backend the name of the provider that lacks it
   * @param capability what it lacks
   * @param message says both, and what to do
   */
  public UnsupportedCapabilityException(String backend, Capability capability, String message) {
    super(message);
    this.backend = backend;
    this.capability = capability;
    this.explained = true;
  }

  public Capability capability() {
    return capability;
  }

  public String backend() {
    return backend;
  }

  /** Whether the message says what to do about this very region, rather than which to choose. */
  public boolean explained() {
    return explained;
  }
}
