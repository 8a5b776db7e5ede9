/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.util.EnumSet;
import java.util.Set;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;

/** The reference provider as a fixture; public, so that a second JVM can make one. */
public final class ReferenceFixture implements ProviderFixture {
  /** All but the one that needs a store that other processes open too. */
  static final Set<Capability> CAPABILITIES =
      EnumSet.complementOf(EnumSet.of(Capability.PROCESS_SHARED));

  private final Set<Capability> capabilities;
  private final Set<Flaw> flaws;

  /** Without a flaw. */
  public ReferenceFixture() {
    this(CAPABILITIES, Set.of());
  }

  ReferenceFixture(Set<Capability> capabilities, Set<Flaw> flaws) {
    this.capabilities = capabilities;
    this.flaws = flaws;
  }

  @Override
  public MemoryProvider start(ProviderSettings settings) {
    return new ReferenceProvider(settings, capabilities, flaws);
  }

  @Override
  public void stop(MemoryProvider provider) {
    ((ReferenceProvider) provider).stop();
  }
}
