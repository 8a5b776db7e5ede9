/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import org.dmalloc.testkit.LostBackingContract;
import org.dmalloc.testkit.ProviderFixture;

class ManagedLostBackingTest extends LostBackingContract {
  @Override
  protected ProviderFixture fixture() {
    return new ManagedFixture();
  }
}
