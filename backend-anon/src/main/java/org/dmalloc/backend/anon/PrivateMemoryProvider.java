/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.Designate;

/** Private anonymous memory. */
@Component(
    service = {},
    immediate = true,
    configurationPid = PrivateMemoryProvider.PID,
    property = {
      "dmalloc.backend=" + PrivateMemoryProvider.NAME,
      "service.ranking:Integer=" + PrivateMemoryProvider.RANKING
    })
@Designate(ocd = AnonymousConfiguration.class)
public final class PrivateMemoryProvider extends AnonymousProvider {
  static final String PID = "org.dmalloc.backend.anon";
  static final String NAME = "anon";
  static final int RANKING = 0;

  /** Starts the provider with the component's properties, those of its configuration included. */
  @Activate
  public PrivateMemoryProvider(Map<String, Object> properties) {
    this(AnonymousSettings.of(PID, properties));
  }

  PrivateMemoryProvider(AnonymousSettings settings) {
    super(MemorySource.PRIVATE, settings);
  }
}
