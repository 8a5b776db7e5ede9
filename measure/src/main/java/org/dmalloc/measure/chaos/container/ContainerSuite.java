/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.container;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.backup.BackupService;
import org.dmalloc.heap.HeapService;
import org.dmalloc.measure.chaos.worker.Suite;
import org.dmalloc.measure.chaos.worker.WorkerTask;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.FrameworkWiring;

/** The suite as bundles, which come and go. */
final class ContainerSuite implements Suite {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int MOST_MILLIS_AWAY = 400;
  private static final String BACKENDS = "org.dmalloc.backend.";
  private static final String MANAGER = "org.dmalloc.manager";

  /** Bundles that are stopped; of these no other is wired to the first two kinds. */
  private static final List<String> STOPPED =
      List.of(BACKENDS, MANAGER, "org.dmalloc.heap", "org.dmalloc.backup");

  private final BundleContext context;
  private final List<String> names;

  /** Starts all bundles, and waits until their services are there. */
  ContainerSuite(BundleContext context, Path disk) throws BundleException, InterruptedException {
    this.context = context;
    System.setProperty("dmalloc.directory", disk.resolve(WorkerTask.STORES.getFirst()).toString());
    for (Bundle bundle : context.getBundles()) {
      if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null) {
        bundle.start();
      }
    }
    names = awaitNames();
  }

  private List<String> awaitNames() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Set<String> found = providers();
    while (!found.containsAll(Set.of(MANAGED, "panama", "filechannel", "anon"))) {
      if (deadline - System.nanoTime() < 0) {
        throw new IllegalStateException("of the providers are there only " + found);
      }
      TimeUnit.MILLISECONDS.sleep(5);
      found = providers();
    }
    return List.copyOf(found);
  }

  private Set<String> providers() {
    Set<String> found = new TreeSet<>();
    for (ServiceReference<MemoryProvider> each : references(MemoryProvider.class, null)) {
      found.add(String.valueOf(each.getProperty(MemoryProvider.BACKEND)));
    }
    return found;
  }

  private <T> List<ServiceReference<T>> references(Class<T> type, @Nullable String filter) {
    try {
      return new ArrayList<>(context.getServiceReferences(type, filter));
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private <T> Optional<T> service(Class<T> type, @Nullable String filter) {
    for (ServiceReference<T> each : references(type, filter)) {
      T service = context.getService(each);
      if (service != null) {
        return Optional.of(service);
      }
    }
    return Optional.empty();
  }

  private <T> T present(Class<T> type, String what, @Nullable String filter) {
    return service(type, filter)
        .orElseThrow(() -> new IllegalStateException(what + " is not there now"));
  }

  @Override
  public List<String> names() {
    return names;
  }

  @Override
  public MemoryProvider provider(String name) {
    return present(
        MemoryProvider.class,
        "provider " + name,
        String.format(Locale.ROOT, "(%s=%s)", MemoryProvider.BACKEND, name));
  }

  @Override
  public RegionMover mover() {
    return present(RegionMover.class, "the mover of regions", null);
  }

  @Override
  public HeapService heaps() {
    return present(HeapService.class, "the service of heaps", null);
  }

  @Override
  public Optional<BackupService> backups() {
    return service(BackupService.class, null);
  }

  @Override
  public boolean comesAndGoes() {
    return true;
  }

  @Override
  public String disturb(long choice) throws BundleException, InterruptedException {
    SplittableRandom random = new SplittableRandom(choice);
    List<Bundle> all = stoppable();
    Bundle bundle = all.get(random.nextInt(all.size()));
    boolean alone =
        bundle.getSymbolicName().startsWith(BACKENDS) || bundle.getSymbolicName().equals(MANAGER);
    int how = random.nextInt(10);
    bundle.stop();
    TimeUnit.MILLISECONDS.sleep(random.nextInt(MOST_MILLIS_AWAY));
    String what = "stop";
    if (how < 2 && alone) {
      bundle.update();
      what = "update";
    }
    bundle.start();
    if (how == 0 && alone) {
      refresh(bundle);
      what = "refresh";
    }
    return what + " " + bundle.getSymbolicName();
  }

  private List<Bundle> stoppable() {
    List<Bundle> all = new ArrayList<>();
    for (Bundle bundle : context.getBundles()) {
      String name = String.valueOf(bundle.getSymbolicName());
      if (STOPPED.stream()
          .anyMatch(each -> each.endsWith(".") ? name.startsWith(each) : name.equals(each))) {
        all.add(bundle);
      }
    }
    return all;
  }

  private void refresh(Bundle bundle) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    context
        .getBundle(Constants.SYSTEM_BUNDLE_LOCATION)
        .adapt(FrameworkWiring.class)
        .refreshBundles(List.of(bundle), event -> done.countDown());
    if (!done.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("refresh of " + bundle + " does not end");
    }
  }

  @Override
  public void close() {
    for (Bundle bundle : stoppable()) {
      try {
        bundle.stop();
      } catch (BundleException e) {
        throw new IllegalStateException("stop of " + bundle + ": " + e.getMessage(), e);
      }
    }
  }
}
