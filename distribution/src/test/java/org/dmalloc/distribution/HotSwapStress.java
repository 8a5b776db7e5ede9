/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.apache.felix.framework.FrameworkFactory;
import org.dmalloc.api.Access;
import org.dmalloc.api.ManagedRegionInfo;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.MoveOptions;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionMover;
import org.dmalloc.api.RegionRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * Real backends in a real framework are swapped, stopped, started, updated and configured anew
 * while threads use the regions on them. Nothing may be lost, and no user thread may see an error.
 */
final class HotSwapStress {
  private static final int MOVES = Integer.getInteger("dmalloc.moves", 240);
  private static final long SIZE = 1_500_000;
  private static final long CELL = 64;
  private static final long DEADLINE_NANOS = 300_000_000_000L;
  private static final List<String> BACKEND_BUNDLES =
      List.of(
          "org.dmalloc.backend.panama",
          "org.dmalloc.backend.filechannel",
          "org.dmalloc.backend.anon");

  private final long seed = Long.getLong("dmalloc.seed", System.nanoTime());
  private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  @TempDir Path directory;
  private Framework framework;
  private BundleContext context;

  @BeforeEach
  void start() throws Exception {
    Map<String, String> properties = new HashMap<>();
    properties.put(Constants.FRAMEWORK_STORAGE, directory.resolve("cache").toString());
    // The test shares the api with the bundles, as an application beside the framework does.
    properties.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, "org.dmalloc.api;version=1.0.0");
    properties.put("felix.cm.dir", directory.resolve("configuration").toString());
    framework = new FrameworkFactory().newFramework(properties);
    framework.start();
    context = framework.getBundleContext();
    Path bundles = Path.of(System.getProperty("dmalloc.layout")).resolve("bundles");
    List<Bundle> installed = new ArrayList<>();
    for (String group : List.of("runtime", "dmalloc")) {
      try (Stream<Path> jars = Files.list(bundles.resolve(group))) {
        for (Path jar : jars.sorted().toList()) {
          String name = jar.getFileName().toString();
          if (group.equals("runtime") ? !name.contains("gogo") : wanted(name)) {
            installed.add(context.installBundle(jar.toUri().toString()));
          }
        }
      }
    }
    for (Bundle bundle : installed) {
      bundle.start();
    }
    // Both have one store, so that a named region can be carried by either.
    Files.createDirectories(directory.resolve("store"));
    for (String name : List.of("panama", "filechannel")) {
      configure(
          "org.dmalloc.backend." + name,
          Map.of("directory", directory.resolve("store").toString()));
    }
    for (String name : List.of("panama", "filechannel", "anon", "anon-memfd", "managed")) {
      await("backend " + name, () -> !services("(dmalloc.backend=" + name + ")").isEmpty());
    }
  }

  private static boolean wanted(String jar) {
    return jar.startsWith("dmalloc-backend") || jar.startsWith("dmalloc-manager");
  }

  @AfterEach
  void end() throws Exception {
    stop.set(true);
    framework.stop();
    framework.waitForStop(60_000);
  }

  @Test
  void nothingIsLostWhileBackendsComeAndGo() throws Exception {
    MemoryProvider provider = service(MemoryProvider.class, "(dmalloc.backend=managed)");
    RegionMover mover = service(RegionMover.class, null);
    provider.allocate(RegionRequest.ofSize(SIZE)).close(); // loads what is loaded once
    long mappingsBefore = mappings();
    List<MemoryRegion> regions = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      RegionRequest request = RegionRequest.ofSize(SIZE).withOwner("stress " + i);
      MemoryRegion region = provider.allocate(i == 4 ? request.withName("stored") : request);
      regions.add(region);
      threads.add(Thread.ofPlatform().name("writer " + i).start(() -> guard(() -> write(region))));
      threads.add(Thread.ofVirtual().name("reader " + i).start(() -> guard(() -> read(region))));
    }
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    Map<String, Integer> done = new HashMap<>();
    while (failure.get() == null && moves(mover) < MOVES) {
      assertTrue(System.nanoTime() < deadline, done + ", " + moves(mover) + " moves, seed " + seed);
      disturb(mover, regions, done);
    }
    stop.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new AssertionError("seed " + seed + " after " + done, failure.get());
    }
    for (MemoryRegion region : regions) {
      read(region);
    }
    assertEquals(5, mover.managed().size());
    mover.managed().forEach(info -> assertEquals(null, info.stranded(), info.toString()));
    System.out.println("hot swap: " + moves(mover) + " moves, " + done);
    regions.forEach(MemoryRegion::close);
    assertEquals(0, provider.statistics().openBytes());
    for (ServiceReference<?> each : services("(dmalloc.backend=*)")) {
      MemoryProvider backend = (MemoryProvider) context.getService(each);
      assertEquals(List.of(), backend.regions(), backend.name());
    }
    provider.delete("stored");
    // A leak would be one line for each move; a thread's stack or a new heap part is a few.
    assertTrue(mappings() - mappingsBefore < MOVES / 4, mappingsBefore + " then " + mappings());
  }

  /** One random event: mostly a move, now and then a backend that goes and comes back. */
  private void disturb(RegionMover mover, List<MemoryRegion> regions, Map<String, Integer> done)
      throws Exception {
    int dice = random.nextInt(100);
    Bundle bundle = bundle(BACKEND_BUNDLES.get(random.nextInt(BACKEND_BUNDLES.size())));
    if (dice < 6) {
      bundle.stop();
      bundle.start();
      done.merge("stopped and started", 1, Integer::sum);
    } else if (dice < 10) {
      bundle.update();
      done.merge("updated", 1, Integer::sum);
    } else if (dice < 14) {
      Object before = panamaServiceId();
      configure(
          "org.dmalloc.backend.panama",
          Map.of(
              "directory",
              directory.resolve("store").toString(),
              "section.timeout.millis",
              Integer.toString(5_000 + random.nextInt(500_000))));
      // Two file backends away at once would leave the stored region nowhere to go.
      await("new panama", () -> !before.equals(panamaServiceId()) && !"".equals(panamaServiceId()));
      done.merge("configured", 1, Integer::sum);
    } else {
      MemoryRegion region = regions.get(random.nextInt(regions.size()));
      boolean stored = region.info().name() != null;
      List<String> targets =
          stored
              ? List.of("panama", "filechannel")
              : List.of("panama", "filechannel", "anon", "anon-memfd", "anon-zero");
      move(mover, region, targets.get(random.nextInt(targets.size())), done);
    }
  }

  /** Moves may be refused here: the backend is just away, or the policy moves the same region. */
  private static void move(
      RegionMover mover, MemoryRegion region, String target, Map<String, Integer> done)
      throws MemoryException {
    try {
      mover.move(region.id(), target, MoveOptions.DEFAULT, ProgressListener.NONE);
      done.merge("moved to " + target, 1, Integer::sum);
    } catch (IllegalArgumentException e) {
      assertTrue(String.valueOf(e.getMessage()).startsWith("no backend"), e.getMessage());
      done.merge("away", 1, Integer::sum);
    } catch (IllegalStateException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("being moved") || message.contains("is stopped"), message);
      done.merge("busy", 1, Integer::sum);
    } catch (MemoryException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("access section") || message.contains("gave way"), message);
      done.merge("gave way", 1, Integer::sum);
    }
  }

  @Test
  void anUninstalledBackendIsCollected() throws Exception {
    MemoryProvider provider = service(MemoryProvider.class, "(dmalloc.backend=managed)");
    RegionMover mover = service(RegionMover.class, null);
    MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE));
    mover.move(region.id(), "anon", MoveOptions.DEFAULT, ProgressListener.NONE);
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG, 8, 42);
    }
    WeakReference<ClassLoader> loader = uninstall("org.dmalloc.backend.anon");
    await(
        "collection of the class loader",
        () -> {
          System.gc();
          return loader.get() == null;
        });
    ManagedRegionInfo info = mover.managed(region.id()).orElseThrow();
    assertTrue(!info.backend().startsWith("anon"), info.backend());
    try (Access access = region.acquire()) {
      assertEquals(42, access.segment().get(JAVA_LONG, 8));
    }
    region.close();
  }

  private WeakReference<ClassLoader> uninstall(String name) throws BundleException {
    Bundle bundle = bundle(name);
    ServiceReference<?> any = bundle.getRegisteredServices()[0];
    Object object = context.getService(any);
    WeakReference<ClassLoader> loader = new WeakReference<>(object.getClass().getClassLoader());
    context.ungetService(any);
    bundle.uninstall();
    framework.adapt(FrameworkWiring.class).refreshBundles(null);
    return loader;
  }

  // --- users ---

  private void guard(Runnable work) {
    try {
      work.run();
    } catch (Throwable t) {
      failure.compareAndSet(null, t);
    }
  }

  /** The only writer counts cells up, and so knows what each must hold. */
  private void write(MemoryRegion region) {
    RandomGenerator cells = RandomGenerator.of("L64X128MixRandom");
    int count = (int) (SIZE / CELL);
    long[] expected = new long[count];
    while (!stop.get()) {
      int cell = cells.nextInt(count);
      try (Access access = region.acquire()) {
        MemorySegment segment = access.segment();
        long found = segment.get(JAVA_LONG, cell * CELL);
        if (found != expected[cell]) {
          throw new AssertionError(
              "%s lost a store in cell %d: %d, not %d"
                  .formatted(region, cell, found, expected[cell]));
        }
        long next = found + 1;
        segment.set(JAVA_LONG, cell * CELL + 8, ~next); // the pair is whole outside sections
        segment.set(JAVA_LONG, cell * CELL, next);
        expected[cell] = next;
      }
    }
    for (int cell = 0; cell < count; cell++) {
      try (Access access = region.acquire()) {
        assertEquals(expected[cell], access.segment().get(JAVA_LONG, cell * CELL));
        assertEquals(
            expected[cell] == 0 ? 0 : ~expected[cell],
            access.segment().get(JAVA_LONG, cell * CELL + 8));
      }
    }
  }

  /** Values never go back: a reader that sees one do so has read a backing that was left. */
  private void read(MemoryRegion region) {
    int count = (int) (SIZE / CELL);
    long[] last = new long[count];
    do {
      for (int cell = 0; cell < count && !stop.get(); cell += 7) {
        try (Access access = region.acquire()) {
          long now = access.segment().get(JAVA_LONG, cell * CELL);
          if (now < last[cell]) {
            throw new AssertionError(
                "%s went back in cell %d: %d after %d".formatted(region, cell, now, last[cell]));
          }
          last[cell] = now;
        }
      }
      Thread.yield();
    } while (!stop.get());
  }

  // --- the framework ---

  private Bundle bundle(String name) {
    for (Bundle bundle : context.getBundles()) {
      if (name.equals(bundle.getSymbolicName())) {
        return bundle;
      }
    }
    throw new AssertionError("no bundle " + name);
  }

  private List<ServiceReference<?>> services(String filter) throws Exception {
    ServiceReference<?>[] found =
        context.getAllServiceReferences(MemoryProvider.class.getName(), filter);
    return found == null ? List.of() : List.of(found);
  }

  private <T> T service(Class<T> type, String filter) throws Exception {
    await(type + " " + filter, () -> !context.getServiceReferences(type, filter).isEmpty());
    return context.getService(context.getServiceReferences(type, filter).iterator().next());
  }

  /** Calls ConfigurationAdmin, whose package the test does not share. */
  private void configure(String pid, Map<String, String> values) throws Exception {
    String name = "org.osgi.service.cm.ConfigurationAdmin";
    await(name, () -> context.getAllServiceReferences(name, null) != null);
    ServiceReference<?> reference = context.getAllServiceReferences(name, null)[0];
    Object admin = context.getService(reference);
    Class<?> type = reference.getBundle().loadClass(name);
    Class<?> entry = reference.getBundle().loadClass("org.osgi.service.cm.Configuration");
    Object configuration =
        type.getMethod("getConfiguration", String.class, String.class).invoke(admin, pid, "?");
    entry
        .getMethod("update", Dictionary.class)
        .invoke(configuration, FrameworkUtil.asDictionary(values));
  }

  private Object panamaServiceId() throws Exception {
    List<ServiceReference<?>> panama = services("(dmalloc.backend=panama)");
    return panama.isEmpty() ? "" : panama.getFirst().getProperty(Constants.SERVICE_ID);
  }

  private static long moves(RegionMover mover) {
    return mover.managed().stream().mapToLong(ManagedRegionInfo::moves).sum();
  }

  private static long mappings() throws Exception {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.count();
    }
  }

  /** A condition that may fail to be told. */
  @FunctionalInterface
  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(String what, Condition condition) throws Exception {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < deadline, "waited 60 s for " + what);
      Thread.onSpinWait();
    }
  }
}
