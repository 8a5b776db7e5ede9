/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.api.move.RegionMover;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ConfigurationListener;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/** Provider instances by Configuration Admin, as an administrator makes them. */
final class ConfiguredProviders {
  private static final long DEADLINE_NANOS = 30_000_000_000L;
  private static final long LOOK_AGAIN_NANOS = 200_000;

  private final BundleContext context;

  ConfiguredProviders(BundleContext context) {
    this.context = context;
  }

  /** Those of the bundle that this class is in. */
  static ConfiguredProviders here() {
    return new ConfiguredProviders(
        FrameworkUtil.getBundle(ConfiguredProviders.class).getBundleContext());
  }

  /** Creates one more configuration of a factory. */
  Configuration create(String factoryPid, String... keysAndValues) throws IOException {
    Configuration configuration =
        service(ConfigurationAdmin.class).createFactoryConfiguration(factoryPid, "?");
    configuration.update(dictionary(keysAndValues));
    return configuration;
  }

  static Dictionary<String, Object> dictionary(String... keysAndValues) {
    Map<String, Object> properties = new HashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      properties.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return FrameworkUtil.asDictionary(properties);
  }

  /** Waits for the provider with this name. */
  MemoryProvider await(String backend) throws Exception {
    List<MemoryProvider> found = new ArrayList<>();
    until(
        () -> "provider " + backend + "; failures: " + failures(),
        () -> found.addAll(find(backend)));
    return found.getFirst();
  }

  /**
   * The providers with this name, at this moment. A component whose activation failed stays
   * registered until its configuration changes, but gives no object.
   */
  List<MemoryProvider> find(String backend) throws InvalidSyntaxException {
    return references(backend).stream().map(context::getService).filter(Objects::nonNull).toList();
  }

  /**
   * Moves a region as soon as the manager too has been told of the backend, and has ended what it
   * may be doing to the region by its policy, as it does when a backend comes.
   */
  MoveResult move(MemoryRegion region, String backend, ProgressListener progress) throws Exception {
    RegionMover mover = service(RegionMover.class);
    List<MoveResult> moved = new ArrayList<>();
    until(
        () -> "the manager to know " + backend,
        () -> {
          try {
            return moved.add(mover.move(region.id(), backend, MoveOptions.DEFAULT, progress));
          } catch (IllegalArgumentException e) {
            if (String.valueOf(e.getMessage()).contains("no backend " + backend)) {
              return false;
            }
            throw e;
          } catch (IllegalStateException e) {
            if (String.valueOf(e.getMessage()).endsWith("wait for its end")) {
              return false;
            }
            throw e;
          }
        });
    return moved.getFirst();
  }

  /** Changes the configuration of a provider, and waits until the component has taken it up. */
  void update(Configuration configuration, String... keysAndValues) throws Exception {
    configuration.update(dictionary(keysAndValues));
    awaitHandled();
  }

  /** Deletes the configuration of a provider, and waits until its deactivation is over. */
  void delete(Configuration configuration) throws Exception {
    configuration.delete();
    awaitHandled();
  }

  /**
   * Waits until all that was configured before has been dealt with. Configuration Admin tells its
   * listeners, of which the component runtime is one, of one event after the other, on one thread:
   * who hears of a later event knows that the earlier ones are done.
   */
  private void awaitHandled() throws Exception {
    Configuration fence =
        service(ConfigurationAdmin.class)
            .createFactoryConfiguration("org.dmalloc.itests.fence", "?");
    String fencePid = fence.getPid();
    CountDownLatch heard = new CountDownLatch(1);
    ConfigurationListener listener =
        event -> {
          if (fencePid.equals(event.getPid())) {
            heard.countDown();
          }
        };
    ServiceRegistration<?> registration =
        context.registerService(ConfigurationListener.class, listener, null);
    try {
      fence.update(dictionary("key", "value"));
      if (!heard.await(DEADLINE_NANOS, TimeUnit.NANOSECONDS)) {
        throw new AssertionError("Configuration Admin tells no events");
      }
      fence.delete();
    } finally {
      registration.unregister();
    }
  }

  /** The registrations with this name, at this moment. */
  List<ServiceReference<MemoryProvider>> references(String backend) throws InvalidSyntaxException {
    return context
        .getServiceReferences(
            MemoryProvider.class,
            String.format(Locale.ROOT, "(%s=%s)", MemoryProvider.BACKEND, backend))
        .stream()
        .sorted()
        .toList();
  }

  /** Waits for a component whose activation failed, and returns what it said. */
  String awaitFailure(String backend) throws Exception {
    String[] failure = {""};
    until(
        () -> "a failed component " + backend,
        () -> {
          for (ComponentConfigurationDTO each : components()) {
            if (each.state == ComponentConfigurationDTO.FAILED_ACTIVATION
                && backend.equals(each.properties.get(MemoryProvider.BACKEND))) {
              failure[0] = each.failure;
            }
          }
          return !failure[0].isEmpty();
        });
    return failure[0];
  }

  private List<String> failures() {
    return components().stream()
        .filter(each -> each.failure != null)
        .map(each -> each.description.name + ": " + each.failure.lines().findFirst().orElse(""))
        .toList();
  }

  private List<ComponentConfigurationDTO> components() {
    ServiceComponentRuntime runtime = service(ServiceComponentRuntime.class);
    return runtime.getComponentDescriptionDTOs().stream()
        .filter(ConfiguredProviders::isProvider)
        .flatMap(each -> runtime.getComponentConfigurationDTOs(each).stream())
        .toList();
  }

  /** A component registers its provider by itself, so that its description names no service. */
  private static boolean isProvider(ComponentDescriptionDTO component) {
    return component.properties.containsKey(MemoryProvider.BACKEND);
  }

  <T> T service(Class<T> type) {
    ServiceReference<T> reference = context.getServiceReference(type);
    if (reference == null) {
      throw new AssertionError("no service " + type.getName());
    }
    return context.getService(reference);
  }

  static void until(Supplier<String> what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    while (!condition.call()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("waited in vain for " + what.get());
      }
      LockSupport.parkNanos(LOOK_AGAIN_NANOS);
    }
  }
}
