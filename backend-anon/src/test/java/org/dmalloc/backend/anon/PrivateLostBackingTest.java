/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import org.dmalloc.testkit.LostBackingContract;
import org.dmalloc.testkit.ProviderFixture;

class PrivateLostBackingTest extends LostBackingContract {
  @Override
  protected ProviderFixture fixture() {
    return new SourceFixture(MemorySource.PRIVATE);
  }
}
