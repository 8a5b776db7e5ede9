/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Dictionary;
import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.backing.BundleClasses;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.RegionMover;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.BundleListener;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceFactory;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.Designate;

/**
 * Follows the backends, and registers the provider of movable regions while it has seen one.
 *
 * <p>The provider is registered by hand: its capabilities follow the backends, and each bundle that
 * uses it gets a view of its own, so that its regions are booked on it. So is the mover. What is
 * registered by hand has to be declared by hand, for resolvers that search for the bundle that
 * offers a service.
 */
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"org.dmalloc.api.MemoryProvider\"",
    uses = MemoryProvider.class,
    effective = "active")
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"org.dmalloc.api.move.RegionMover\"",
    uses = RegionMover.class,
    effective = "active")
@Component(
    service = {},
    immediate = true,
    configurationPid = Settings.PID)
@Designate(ocd = ManagerConfiguration.class)
public final class ManagerComponent implements BundleListener {
  private static final int RANKING = 100;

  private final RunningManager manager = new RunningManager();
  private final ManagedRegions regions = manager.regions();
  private @Nullable BundleContext context;
  private @Nullable ServiceRegistration<MemoryProvider> provider;
  private @Nullable ServiceRegistration<RegionMover> mover;

  /** Made by the component runtime. */
  public ManagerComponent() {}

  @Activate
  synchronized void activate(BundleContext bundleContext, Map<String, Object> properties) {
    manager.configure(Settings.of(properties));
    context = bundleContext;
    bundleContext.addBundleListener(this);
    mover = bundleContext.registerService(RegionMover.class, regions.moves(), null);
    announce();
  }

  /** Takes another configuration; no region notices. If a value is bad, the old one holds. */
  @Modified
  synchronized void modified(Map<String, Object> properties) {
    manager.configure(Settings.of(properties));
  }

  @Deactivate
  void deactivate(BundleContext bundleContext) {
    manager.close();
    synchronized (this) {
      BundleContext from = context;
      if (from != null) {
        from.removeBundleListener(this);
      }
      unregister(provider);
      unregister(mover);
      provider = null;
      mover = null;
      context = null;
    }
    if (regions.accounts().statistics().openRegions() > 0) {
      BundleClasses.loadAll(bundleContext.getBundle());
    }
  }

  private static void unregister(@Nullable ServiceRegistration<?> registration) {
    if (registration != null) {
      registration.unregister();
    }
  }

  /** A backend has come; regions that belong on it come later, on the policy's thread. */
  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      target = "(!(dmalloc.backend=managed))")
  void bindBackend(MemoryProvider backend, Map<String, Object> properties) {
    int ranking = properties.get(Constants.SERVICE_RANKING) instanceof Integer i ? i : 0;
    long serviceId = properties.get(Constants.SERVICE_ID) instanceof Long l ? l : Long.MAX_VALUE;
    manager.arrived(new Backend(backend, ranking, serviceId));
    synchronized (this) {
      announce();
    }
  }

  /** A backend goes: returns when its regions have left. */
  void unbindBackend(MemoryProvider backend) {
    if (frameworkStops()) {
      return; // everything goes at once: there is nowhere to evacuate to
    }
    regions.leaving(backend);
    synchronized (this) {
      announce();
    }
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void bindListener(MoveListener listener) {
    regions.moves().add(listener);
  }

  void unbindListener(MoveListener listener) {
    regions.moves().remove(listener);
  }

  @Override
  public void bundleChanged(BundleEvent event) {
    if (event.getType() == BundleEvent.STOPPED && !frameworkStops()) {
      regions.moves().bundleStopped(String.valueOf(event.getBundle().getSymbolicName()));
    }
  }

  private synchronized boolean frameworkStops() {
    BundleContext now = context;
    return now != null
        && now.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).getState() == Bundle.STOPPING;
  }

  /** Registers the provider once there is a backend, and tells its capabilities from then on. */
  private void announce() {
    BundleContext into = context;
    if (into == null) {
      return;
    }
    Dictionary<String, Object> properties =
        FrameworkUtil.asDictionary(
            Map.of(
                MemoryProvider.BACKEND,
                ManagedRegions.NAME,
                MemoryProvider.CAPABILITY,
                regions.capabilities().stream().map(Enum::name).toArray(String[]::new),
                Constants.SERVICE_RANKING,
                RANKING));
    if (provider != null) {
      provider.setProperties(properties);
    } else if (!regions.backends().isEmpty()) {
      provider = into.registerService(MemoryProvider.class, new ViewPerBundle(regions), properties);
    }
  }

  private record ViewPerBundle(ManagedRegions regions) implements ServiceFactory<MemoryProvider> {
    @Override
    public MemoryProvider getService(
        Bundle bundle, ServiceRegistration<MemoryProvider> registration) {
      return new ManagedProvider(regions, String.valueOf(bundle.getSymbolicName()));
    }

    @Override
    public void ungetService(
        Bundle bundle, ServiceRegistration<MemoryProvider> registration, MemoryProvider service) {}
  }
}
