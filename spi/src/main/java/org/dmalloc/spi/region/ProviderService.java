/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.HashMap;
import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.backing.BundleClasses;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/**
 * A component's provider as a service.
 *
 * <p>Declarative Services would register it with the properties that stand in the component's
 * description, which is written before the machine is known. So the component is no service itself,
 * and registers its provider by this class: with its own properties, and the capabilities that the
 * provider has found.
 */
public final class ProviderService {
  private final MemoryProvider provider;
  private final Runnable stop;
  private @Nullable ServiceRegistration<MemoryProvider> registration;

  /** Registers nothing yet; {@code stop} makes the provider refuse new calls. */
  public ProviderService(MemoryProvider provider, Runnable stop) {
    this.provider = provider;
    this.stop = stop;
  }

  /**
   * Registers the provider.
   *
   * @param context of the component's bundle
   * @param properties the component's, which become those of the service; private ones, whose names
   *     begin with a dot, do not
   */
  public void register(BundleContext context, Map<String, Object> properties) {
    CheckedSections.force(context.getProperty(CheckedSections.PROPERTY));
    Map<String, Object> told = new HashMap<>(properties);
    told.keySet().removeIf(key -> key.startsWith("."));
    told.put(MemoryProvider.BACKEND, provider.name());
    told.put(
        MemoryProvider.CAPABILITY,
        provider.capabilities().stream().map(Enum::name).toArray(String[]::new));
    registration =
        context.registerService(MemoryProvider.class, provider, FrameworkUtil.asDictionary(told));
  }

  /**
   * Takes the service away, then stops the provider: whoever is told that the service goes, such as
   * a manager that evacuates its regions, still gets answers. Open regions get all classes that
   * they may need later.
   */
  public void end(BundleContext context) {
    if (registration != null) {
      registration.unregister();
    }
    stop.run();
    if (provider.statistics().openRegions() > 0) {
      BundleClasses.loadAll(context.getBundle());
    }
  }
}
