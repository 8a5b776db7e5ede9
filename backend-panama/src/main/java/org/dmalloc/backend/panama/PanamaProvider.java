/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.backend.panama.auto.PagingObserver;
import org.dmalloc.spi.region.BundleClasses;
import org.dmalloc.spi.store.StoreDirectory;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.Designate;

/**
 * The component: one instance without configuration, or one for each configuration of the factory
 * {@value PanamaSettings#PID}, such as one for each disk.
 */
@Component(
    service = MemoryProvider.class,
    immediate = true,
    configurationPid = PanamaSettings.PID,
    // Said aloud, since bnd takes a factory's designation for "require".
    configurationPolicy = ConfigurationPolicy.OPTIONAL,
    property = {
      "dmalloc.backend=" + PanamaSettings.NAME,
      "dmalloc.capability=NAMED",
      "dmalloc.capability=READ_ONLY",
      "dmalloc.capability=SHARED_MAPPING",
      "dmalloc.capability=PRIVATE_MAPPING",
      "dmalloc.capability=SPARSE",
      "dmalloc.capability=DIRECTORY",
      "dmalloc.capability=FORCE",
      "dmalloc.capability=SYNC",
      "dmalloc.capability=ADVICE",
      "dmalloc.capability=HUGE_PAGES",
      "dmalloc.capability=PREFAULT",
      "dmalloc.capability=LOCKED",
      "dmalloc.capability=PREFETCH",
      "dmalloc.capability=RESIDENCY",
      "dmalloc.capability=RELEASE",
      "dmalloc.capability=RESIDENT_BUDGET",
      "dmalloc.capability=RESIZE",
      "dmalloc.capability=DIRTY_TRACKING",
      "service.ranking:Integer=20"
    })
@Designate(ocd = PanamaConfiguration.class, factory = true)
public final class PanamaProvider extends MappedFileProvider {
  /**
   * Starts the provider.
   *
   * @param context tells the default directory
   * @param properties the component's, with those of its configuration
   * @throws IllegalArgumentException if a value is bad; the message names PID, key and value
   * @throws UnsupportedOperationException on anything but Linux on x86-64 or aarch64
   */
  @Activate
  public PanamaProvider(BundleContext context, Map<String, Object> properties) {
    this(PanamaSettings.of(properties, context.getProperty(StoreDirectory.PROPERTY)));
  }

  PanamaProvider(PanamaSettings settings) {
    super(settings);
  }

  PanamaProvider(PanamaSettings settings, PagingObserver observer) {
    super(settings, observer);
  }

  @Deactivate
  void deactivate(BundleContext context) {
    stop();
    if (statistics().openRegions() > 0) {
      BundleClasses.loadAll(context.getBundle());
    }
  }
}
