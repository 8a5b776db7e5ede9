/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.dmalloc.testkit.LostBackingContract;
import org.dmalloc.testkit.ProviderFixture;

class LostBackingTest extends LostBackingContract {
  @Override
  protected ProviderFixture fixture() {
    return new PanamaFixture();
  }
}
