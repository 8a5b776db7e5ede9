/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import org.dmalloc.testkit.LostDeviceContract;
import org.dmalloc.testkit.ProviderFixture;

class LostDeviceTest extends LostDeviceContract {
  @Override
  protected ProviderFixture fixture() {
    return new FileChannelFixture();
  }
}
