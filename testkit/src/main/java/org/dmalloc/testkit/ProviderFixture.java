/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.util.Optional;
import org.dmalloc.api.MemoryProvider;

/**
 * Starts and stops the provider under test.
 *
 * <p>A fixture may build the provider with {@code new}, or configure one elsewhere, such as in an
 * OSGi framework, and hand over the service. One fixture may be asked for several at a time.
 */
public interface ProviderFixture {
  /**
   * Starts a provider of its own with the given settings.
   *
   * @throws Exception if it cannot be started; the test fails then
   */
  MemoryProvider start(ProviderSettings settings) throws Exception;

  /**
   * Stops a provider that {@link #start} gave, the way it is stopped in production. From now on its
   * {@code allocate}, {@code open} and {@code delete} must throw {@link IllegalStateException},
   * while its open regions stay usable. Not called twice for the same provider.
   */
  void stop(MemoryProvider provider) throws Exception;

  /**
   * The fixture that a second JVM is to use, with the class path of this one: the name of a class
   * with a public constructor without parameters. The fixture's own class unless this is
   * overridden; empty where no second JVM can have the provider, which skips the tests with one.
   */
  default Optional<String> childFixture() {
    return Optional.of(getClass().getName());
  }
}
