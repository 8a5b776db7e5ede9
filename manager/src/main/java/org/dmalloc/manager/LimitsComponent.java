/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.ResourceLimits;
import org.dmalloc.api.ResourceListener;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.spi.limits.ResourceMonitor;
import org.dmalloc.spi.machine.KernelFiles;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * The service of limits, over all providers of the container; it tells every {@link
 * ResourceListener} that is a service, at the level of its property {@value
 * ResourceListener#LEVEL}.
 */
@Component
public final class LimitsComponent implements ResourceLimits {
  private static final Logger LOG = System.getLogger(LimitsComponent.class.getName());

  private final List<MemoryProvider> providers = new CopyOnWriteArrayList<>();
  private final Map<ResourceListener, Registration> registrations = new HashMap<>();
  private final ResourceMonitor monitor =
      new ResourceMonitor(KernelFiles.ofThisMachine(), () -> providers, ResourceMonitor.INTERVAL);

  /** Made by the component runtime. */
  public LimitsComponent() {}

  @Deactivate
  void deactivate() {
    monitor.close();
  }

  @Override
  public List<ResourceUse> uses() {
    return monitor.uses();
  }

  @Override
  public Registration listen(ResourceListener listener, int levelPercent) {
    return monitor.listen(listener, levelPercent);
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void bindProvider(MemoryProvider provider) {
    providers.add(provider);
  }

  void unbindProvider(MemoryProvider provider) {
    providers.remove(provider);
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      updated = "bindListener")
  synchronized void bindListener(ResourceListener listener, Map<String, Object> properties) {
    unbindListener(listener);
    registrations.put(listener, monitor.listen(listener, level(properties)));
  }

  synchronized void unbindListener(ResourceListener listener) {
    Registration old = registrations.remove(listener);
    if (old != null) {
      old.close();
    }
  }

  /** A level that is none is said aloud, and the usual one taken: better early than not at all. */
  private static int level(Map<String, Object> properties) {
    Object level = properties.get(ResourceListener.LEVEL);
    if (level instanceof Integer percent && percent >= 1 && percent <= 100) {
      return percent;
    }
    if (level != null) {
      LOG.log(
          Level.WARNING,
          "{0}={1} of service {2}: give an Integer from 1 to 100; {3} is taken",
          ResourceListener.LEVEL,
          level,
          properties.get(Constants.SERVICE_ID),
          ResourceListener.DEFAULT_LEVEL);
    }
    return ResourceListener.DEFAULT_LEVEL;
  }
}
