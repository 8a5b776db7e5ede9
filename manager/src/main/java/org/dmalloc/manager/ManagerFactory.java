/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Map;
import java.util.Set;
import org.dmalloc.api.standalone.RegionManager;
import org.dmalloc.api.standalone.RegionManagerFactory;

/** The manager for programs without OSGi. */
public final class ManagerFactory implements RegionManagerFactory {
  /** Made by {@link java.util.ServiceLoader}. */
  public ManagerFactory() {}

  @Override
  public Set<String> keys() {
    return Settings.KEYS;
  }

  @Override
  public RegionManager start(Map<String, ?> settings) {
    RunningManager manager = new RunningManager();
    manager.configure(Settings.of(settings));
    return manager;
  }
}
