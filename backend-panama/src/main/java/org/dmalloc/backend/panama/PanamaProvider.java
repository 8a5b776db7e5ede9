/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.Map;
import org.dmalloc.backend.panama.auto.PagingObserver;
import org.dmalloc.spi.region.ProviderService;
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
    service = {},
    immediate = true,
    configurationPid = PanamaSettings.PID,
    // Said aloud, since bnd takes a factory's designation for "require".
    configurationPolicy = ConfigurationPolicy.OPTIONAL,
    property = {
      "dmalloc.backend=" + PanamaSettings.NAME,
      "dmalloc.capability=NAMED", // who looks for stores sees one that did not start
      "service.ranking:Integer=" + PanamaSettings.RANKING
    })
@Designate(ocd = PanamaConfiguration.class, factory = true)
public final class PanamaProvider extends MappedFileProvider {
  private final ProviderService service = new ProviderService(this, this::stop);

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

  @Activate
  void register(BundleContext context, Map<String, Object> properties) {
    service.register(context, properties);
  }

  @Deactivate
  void deactivate(BundleContext context) {
    service.end(context);
  }
}
