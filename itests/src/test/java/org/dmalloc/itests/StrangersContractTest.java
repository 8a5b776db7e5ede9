/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import com.example.arena.ArenaFixture;
import org.dmalloc.testkit.MemoryProviderContract;
import org.dmalloc.testkit.ProviderFixture;

/** A backend of a hundred lines over the gate and the ledger of spi keeps the contract. */
final class StrangersContractTest extends MemoryProviderContract {
  @Override
  protected ProviderFixture fixture() {
    return new ArenaFixture();
  }
}
