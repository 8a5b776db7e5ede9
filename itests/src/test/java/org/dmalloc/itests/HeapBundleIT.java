/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongPredicate;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * The bundle of heaps is updated or uninstalled, and the framework refreshed, while a heap is open.
 * The framework gets the API from this test's class path; the types of heaps are those of the
 * bundle, so that they are called by reflection.
 */
@Timeout(120)
class HeapBundleIT {
  private static final String HEAP = "dmalloc-heap.jar";
  private static final List<String> BUNDLES =
      List.of(
          "org.osgi.util.function.jar",
          "org.osgi.util.promise.jar",
          "org.osgi.service.component.jar",
          "org.apache.felix.scr.jar",
          HEAP);

  @TempDir private Path directory;

  private Framework framework() throws Exception {
    Framework framework =
        ServiceLoader.load(FrameworkFactory.class)
            .findFirst()
            .orElseThrow()
            .newFramework(
                Map.of(
                    Constants.FRAMEWORK_STORAGE,
                    directory.resolve("cache").toString(),
                    Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
                    "org.dmalloc.api;version=1.0.0,org.dmalloc.api.backing;version=1.0.0"));
    framework.start();
    for (String jar : BUNDLES) {
      install(framework, jar);
    }
    for (Bundle bundle : framework.getBundleContext().getBundles()) {
      bundle.start();
    }
    return framework;
  }

  private static Bundle install(Framework framework, String name) throws Exception {
    Path jar =
        org.dmalloc.itests.Framework.bundles().stream()
            .filter(each -> each.endsWith(name))
            .findFirst()
            .orElseThrow();
    return framework.getBundleContext().installBundle(jar.toUri().toString());
  }

  private static Bundle heapBundle(Framework framework) {
    return Arrays.stream(framework.getBundleContext().getBundles())
        .filter(bundle -> "org.dmalloc.heap".equals(bundle.getSymbolicName()))
        .findFirst()
        .orElseThrow();
  }

  /** The service of the bundle as it is now. */
  private static Object heaps(Framework framework) throws Exception {
    BundleContext context = framework.getBundleContext();
    String type = "org.dmalloc.heap.HeapService";
    ServiceReference<?>[][] found = new ServiceReference<?>[1][];
    ConfiguredProviders.until(
        () -> "the service of heaps",
        () -> (found[0] = context.getAllServiceReferences(type, null)) != null);
    return context.getService(found[0][0]);
  }

  /** Calls a public method of one of the interfaces of heaps, or of a record of theirs. */
  private static Object call(Object target, String name, Object... arguments) throws Exception {
    Class<?> type =
        Arrays.stream(target.getClass().getInterfaces())
            .flatMap(each -> Arrays.stream(new Class<?>[] {each, superType(each)}))
            .filter(each -> each.getPackageName().equals("org.dmalloc.heap"))
            .findFirst()
            .orElse(target.getClass());
    Method method =
        Arrays.stream(type.getMethods())
            .filter(each -> each.getName().equals(name))
            .filter(each -> each.getParameterCount() == arguments.length)
            .findFirst()
            .orElseThrow();
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static Class<?> superType(Class<?> type) {
    return type.getInterfaces().length == 0 ? type : type.getInterfaces()[0];
  }

  private static Object options(Object service) throws Exception {
    return service
        .getClass()
        .getClassLoader()
        .loadClass("org.dmalloc.heap.HeapOptions")
        .getField("DEFAULT")
        .get(null);
  }

  private static void refresh(Framework framework) throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    framework
        .adapt(FrameworkWiring.class)
        .refreshBundles(
            null,
            event -> {
              if (event.getType() == FrameworkEvent.PACKAGES_REFRESHED) {
                done.countDown();
              }
            });
    done.await();
  }

  @ParameterizedTest
  @ValueSource(strings = {"update", "uninstall"})
  void aHeapGoesOnWhenItsBundleHasGone(String how) throws Exception {
    Framework framework = framework();
    try (Dmalloc dmalloc =
            Dmalloc.open(
                Map.of(
                    "directory", Files.createDirectories(directory.resolve("store")).toString()));
        MemoryRegion region =
            dmalloc
                .provider("panama")
                .allocate(RegionRequest.ofSize(1 << 20).withMaximum(64 << 20).withName("blocks"))) {
      WeakReference<ClassLoader> loader = outlive(framework, region, how);
      Object service = heaps(framework);
      Object heap = call(service, "open", region, options(service));
      assertEquals(true, call(call(heap, "recovery"), "clean"), "the old bundle's heap closed it");
      assertTrue(((OptionalLong) call(heap, "root", "last")).isPresent());
      call(heap, "close");
      ConfiguredProviders.until(
          () -> "the collection of the class loader",
          () -> {
            System.gc();
            return loader.get() == null;
          });
    } finally {
      framework.stop();
      framework.waitForStop(0);
    }
  }

  /** Uses a heap beyond the end of its bundle, closes it, and returns its class loader. */
  private static WeakReference<ClassLoader> outlive(
      Framework framework, MemoryRegion region, String how) throws Exception {
    Object service = heaps(framework);
    Object heap = call(service, "create", region, options(service));
    Bundle bundle = heapBundle(framework);
    if (how.equals("update")) {
      bundle.update();
    } else {
      bundle.uninstall();
    }
    refresh(framework);
    use(heap, region);
    if (how.equals("uninstall")) {
      install(framework, HEAP).start();
    }
    Object next = heaps(framework);
    assertFalse(next.getClass().equals(service.getClass()), "it is another copy");
    IllegalStateException refusal =
        assertThrows(IllegalStateException.class, () -> call(next, "open", region, options(next)));
    assertTrue(
        String.valueOf(refusal.getMessage()).contains("another version of this bundle"),
        refusal.getMessage());
    assertEquals(Optional.empty(), call(next, "find", region));
    call(heap, "close");
    return new WeakReference<>(heap.getClass().getClassLoader());
  }

  /** All that needs classes which nobody has used before. */
  private static void use(Object heap, MemoryRegion region) throws Exception {
    long small = 0;
    for (int i = 0; i < 10_000; i++) {
      small = (long) call(heap, "allocateZeroed", 1L, 300L);
    }
    assertTrue(region.byteSize() > 1 << 20, "it grows");
    call(heap, "setRoot", "last", small);
    try (Arena arena = assertInstanceOf(Arena.class, call(heap, "sharedArena"))) {
      arena.allocate(100_000);
    }
    Object report = call(heap, "check");
    assertEquals(List.of(), call(report, "findings"));
    assertEquals(10_000L, call(report, "liveBlocks"));
    assertEquals(List.of(), call(call(heap, "repair"), "findings"));
    long kept = small;
    LongPredicate live = block -> block == kept;
    assertEquals(9_999L, call(heap, "sweep", live));
    call(heap, "trim");
    assertEquals(1L, call(call(heap, "statistics"), "liveBlocks"));
  }
}
