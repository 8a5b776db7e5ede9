/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

/** A provider that keeps the contract, with every capability, passes it. */
final class ReferenceProviderTest extends MemoryProviderContract {
  @Override
  protected ProviderFixture fixture() {
    return new ReferenceFixture();
  }
}
