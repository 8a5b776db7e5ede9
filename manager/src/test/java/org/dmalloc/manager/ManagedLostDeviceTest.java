/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import org.dmalloc.testkit.LostDeviceContract;
import org.dmalloc.testkit.ProviderFixture;

class ManagedLostDeviceTest extends LostDeviceContract {
  @Override
  protected ProviderFixture fixture() {
    return new ManagedFixture();
  }
}
