/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import javax.inject.Inject;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.cm.Configuration;

/** Moves in the container: between two instances of one backend, and away from one for good. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class HotSwapIT {
  private static final long SIZE = 3_000_001;

  @Inject private BundleContext context;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  static List<String> pids() {
    return List.copyOf(Backends.PIDS.values());
  }

  private ConfiguredProviders providers() {
    return new ConfiguredProviders(context);
  }

  private MoveResult move(MemoryRegion region, String target) throws Exception {
    return providers().move(region, target, ProgressListener.NONE);
  }

  private static void fill(MemoryRegion region, long seed) {
    try (Access access = region.acquire()) {
      for (long at = 0; at + 8 <= SIZE; at += 8) {
        access.segment().set(JAVA_LONG, at, seed + at);
      }
    }
  }

  private static void check(MemoryRegion region, long seed) {
    try (Access access = region.acquire()) {
      for (long at = 0; at + 8 <= SIZE; at += 8) {
        if (access.segment().get(JAVA_LONG, at) != seed + at) {
          assertEquals(seed + at, access.segment().get(JAVA_LONG, at), "at " + at);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("pids")
  void goesBetweenTwoInstancesOfOneBackend(String pid, @TempDir Path disks) throws Exception {
    Path one = Files.createDirectory(disks.resolve("one"));
    Path two = Files.createDirectory(disks.resolve("two"));
    Configuration first =
        providers().create(pid, "dmalloc.backend", "first", "directory", one.toString());
    Configuration second =
        providers().create(pid, "dmalloc.backend", "second", "directory", two.toString());
    try {
      boolean named = providers().await("first").capabilities().contains(Capability.NAMED);
      providers().await("second");
      MemoryProvider managed = providers().await("managed");
      RegionRequest request = RegionRequest.ofSize(SIZE);
      try (MemoryRegion region = managed.allocate(named ? request.withName("orders") : request)) {
        move(region, "first");
        fill(region, 7);
        for (String target : List.of("second", "first", "second")) {
          MoveResult moved = move(region, target);
          assertNotEquals(moved.from(), moved.to());
          assertEquals(target, moved.to());
          assertTrue(moved.copiedBytes() >= SIZE - 4096, moved.toString());
          check(region, 7);
          if (named) {
            Path there = target.equals("first") ? one : two;
            assertTrue(String.valueOf(region.info().path()).startsWith(there.toString()));
            assertEquals(List.of(target), owners(List.of("first", "second")));
          }
        }
      }
      if (named) {
        try (MemoryRegion again = providers().await("second").open("orders")) {
          check(again, 7);
        }
        managed.delete("orders");
        assertEquals(List.of(), owners(List.of("first", "second")));
      }
    } finally {
      providers().delete(first);
      providers().delete(second);
    }
  }

  /** Those of the providers whose store has a region. */
  private List<String> owners(List<String> names) throws Exception {
    List<String> owners = new ArrayList<>();
    for (String name : names) {
      if (!providers().await(name).stored().isEmpty()) {
        owners.add(name);
      }
    }
    return owners;
  }

  @Test
  void anUninstalledBackendIsLeftAndCollected() throws Exception {
    providers().await("anon");
    MemoryProvider managed = providers().await("managed");
    Bundle bundle = providers().references("anon").getFirst().getBundle();
    String location = bundle.getLocation();
    try (MemoryRegion region = managed.allocate(RegionRequest.ofSize(SIZE))) {
      move(region, "anon");
      fill(region, 42);
      WeakReference<ClassLoader> loader = uninstall(bundle);
      bundle = null;
      ConfiguredProviders.until(
          () -> "the collection of the class loader",
          () -> {
            System.gc();
            return loader.get() == null;
          });
      String backend = providers().service(RegionMover.class).managed(region.id()).get().backend();
      assertFalse(backend.startsWith("anon"), backend);
      check(region, 42);
    } finally {
      context.installBundle(location).start();
    }
    providers().await("anon");
  }

  /**
   * The component runtime gives up waiting for a lock after 5 s; an evacuation may take minutes.
   */
  @Test
  void aSlowEvacuationHoldsNobodyElseUp(@TempDir Path directory) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    MoveListener slow =
        new MoveListener() {
          @Override
          public void started(long regionId, String from, String to) {
            if (from.equals("anon")) {
              begun.countDown();
              awaitQuietly(goOn);
            }
          }

          @Override
          public void finished(MoveResult result) {}

          @Override
          public void failed(long regionId, String from, String to, String why) {}
        };
    providers().await("anon");
    Bundle anon = providers().references("anon").getFirst().getBundle();
    providers().await("filechannel");
    Bundle channel = providers().references("filechannel").getFirst().getBundle();
    MemoryProvider managed = providers().await("managed");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Configuration late = null;
    try (MemoryRegion leaving = managed.allocate(RegionRequest.ofSize(SIZE));
        MemoryRegion other = managed.allocate(RegionRequest.ofSize(SIZE))) {
      move(leaving, "anon");
      ServiceRegistration<MoveListener> listening =
          context.registerService(MoveListener.class, slow, null);
      Thread stopping =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      anon.stop();
                    } catch (BundleException | RuntimeException e) {
                      failure.set(e);
                    }
                  });
      try {
        begun.await();
        channel.stop();
        channel.start();
        providers().await("filechannel");
        move(other, "filechannel");
        late =
            providers()
                .create(
                    Backends.PIDS.get("filechannel"),
                    "dmalloc.backend",
                    "late",
                    "directory",
                    directory.toString());
        providers().await("late");
        move(other, "late");
        fill(leaving, 9);
        assertTrue(stopping.isAlive(), "the evacuation still goes on");
      } finally {
        goOn.countDown();
        stopping.join();
        listening.unregister();
      }
      assertNull(failure.get());
      check(leaving, 9);
      assertEquals(
          List.of(),
          providers().service(RegionMover.class).managed().stream()
              .filter(info -> info.stranded() != null)
              .toList());
    } finally {
      anon.start();
      if (late != null) {
        providers().delete(late);
      }
    }
    providers().await("anon");
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private WeakReference<ClassLoader> uninstall(Bundle bundle) throws Exception {
    // Not the bundle's first service: the component runtime registers some of its own there.
    ServiceReference<MemoryProvider> reference = providers().references("anon").getFirst();
    WeakReference<ClassLoader> loader =
        new WeakReference<>(context.getService(reference).getClass().getClassLoader());
    context.ungetService(reference);
    bundle.uninstall();
    context.getBundle(0).adapt(FrameworkWiring.class).refreshBundles(null);
    return loader;
  }
}
