/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.dmalloc.testkit.MemoryProviderContract;
import org.dmalloc.testkit.ProviderFixture;

class PanamaContractTest extends MemoryProviderContract {
  @Override
  protected ProviderFixture fixture() {
    return new PanamaFixture();
  }
}
