/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.util.EnumSet;
import java.util.Set;
import org.dmalloc.api.Capability;

/** A provider that keeps the contract and declares nothing at all passes it too. */
final class FrugalProviderTest extends MemoryProviderContract {
  @Override
  protected ProviderFixture fixture() {
    return new ReferenceFixture(EnumSet.noneOf(Capability.class), Set.of());
  }
}
