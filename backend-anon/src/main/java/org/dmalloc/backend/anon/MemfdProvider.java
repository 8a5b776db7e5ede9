/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.Designate;

/** Memory that other processes can map: a memfd, sealed against truncation. */
@Component(
    service = {},
    immediate = true,
    configurationPid = MemfdProvider.PID,
    property = {
      "dmalloc.backend=" + MemfdProvider.NAME,
      "service.ranking:Integer=" + MemfdProvider.RANKING
    })
@Designate(ocd = AnonymousConfiguration.class)
public final class MemfdProvider extends AnonymousProvider {
  static final String PID = "org.dmalloc.backend.anon.memfd";
  static final String NAME = "anon-memfd";
  static final int RANKING = -1;

  /** Starts the provider with the component's properties, those of its configuration included. */
  @Activate
  public MemfdProvider(Map<String, Object> properties) {
    this(AnonymousSettings.of(PID, properties));
  }

  MemfdProvider(AnonymousSettings settings) {
    super(MemorySource.MEMFD, settings);
  }
}
