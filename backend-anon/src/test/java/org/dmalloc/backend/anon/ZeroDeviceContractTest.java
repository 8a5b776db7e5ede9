/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import org.dmalloc.testkit.MemoryProviderContract;
import org.dmalloc.testkit.ProviderFixture;

class ZeroDeviceContractTest extends MemoryProviderContract {
  @Override
  protected ProviderFixture fixture() {
    return new SourceFixture(MemorySource.ZERO);
  }
}
