/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.Designate;

/** Shared memory from {@code /dev/zero}, the way before MAP_ANONYMOUS. */
@Component(
    service = {},
    immediate = true,
    configurationPid = ZeroDeviceProvider.PID,
    property = {
      "dmalloc.backend=" + ZeroDeviceProvider.NAME,
      "service.ranking:Integer=" + ZeroDeviceProvider.RANKING
    })
@Designate(ocd = AnonymousConfiguration.class)
public final class ZeroDeviceProvider extends AnonymousProvider {
  static final String PID = "org.dmalloc.backend.anon.zero";
  static final String NAME = "anon-zero";
  static final int RANKING = -2;

  /** Starts the provider with the component's properties, those of its configuration included. */
  @Activate
  public ZeroDeviceProvider(Map<String, Object> properties) {
    this(AnonymousSettings.of(PID, properties));
  }

  ZeroDeviceProvider(AnonymousSettings settings) {
    super(MemorySource.ZERO, settings);
  }
}
