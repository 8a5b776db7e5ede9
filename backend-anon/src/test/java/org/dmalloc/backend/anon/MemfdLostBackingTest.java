/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import org.dmalloc.testkit.LostBackingContract;
import org.dmalloc.testkit.ProviderFixture;

class MemfdLostBackingTest extends LostBackingContract {
  @Override
  protected ProviderFixture fixture() {
    return new SourceFixture(MemorySource.MEMFD);
  }
}
