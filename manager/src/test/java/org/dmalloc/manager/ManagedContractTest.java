/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import org.dmalloc.testkit.MemoryProviderContract;
import org.dmalloc.testkit.ProviderFixture;

/** Whoever gets a managed region in place of panama's finds the same contract. */
final class ManagedContractTest extends MemoryProviderContract {
  @Override
  protected ProviderFixture fixture() {
    return new ManagedFixture();
  }
}
