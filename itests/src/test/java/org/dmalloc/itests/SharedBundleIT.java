/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoredRegion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * Several copies of the bundle of what backends share in one JVM, and its end under open regions.
 * The frameworks get the API from this test's class path, so that it can call their providers.
 */
@Timeout(120)
class SharedBundleIT {
  private static final String SPI = "dmalloc-spi.jar";
  private static final String CHANNEL = "dmalloc-backend-filechannel.jar";
  private static final List<String> RUNTIME =
      List.of(
          "org.osgi.util.function.jar",
          "org.osgi.util.promise.jar",
          "org.osgi.service.component.jar",
          "org.apache.felix.scr.jar");
  private static final int SIZE = 100_000;

  @TempDir private Path directory;
  private final List<Framework> frameworks = new ArrayList<>();

  @AfterEach
  void stop() throws Exception {
    for (Framework framework : frameworks) {
      framework.stop();
      framework.waitForStop(0);
    }
  }

  private Framework framework() throws Exception {
    String version = ";version=1.0.0";
    Map<String, String> configuration =
        Map.of(
            Constants.FRAMEWORK_STORAGE,
            directory.resolve("cache" + frameworks.size()).toString(),
            Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
            "org.dmalloc.api"
                + version
                + ",org.dmalloc.api.backing"
                + version
                + ",org.dmalloc.api.standalone"
                + version,
            "dmalloc.directory",
            store().toString());
    Framework framework =
        ServiceLoader.load(FrameworkFactory.class)
            .findFirst()
            .orElseThrow()
            .newFramework(configuration);
    frameworks.add(framework);
    framework.start();
    for (String jar : RUNTIME) {
      install(framework, jar(jar));
    }
    return framework;
  }

  private Path store() throws IOException {
    return Files.createDirectories(directory.resolve("store"));
  }

  private static Path jar(String name) {
    return org.dmalloc.itests.Framework.bundles().stream()
        .filter(jar -> jar.endsWith(name))
        .findFirst()
        .orElseThrow();
  }

  private static Bundle install(Framework framework, Path jar) throws Exception {
    return framework.getBundleContext().installBundle(jar.toUri().toString());
  }

  /** The same bundle, in whose world the packages that backends share have another version. */
  private Path ofNextVersion(String name) throws IOException {
    Path copy = directory.resolve("next-" + name);
    try (JarFile from = new JarFile(jar(name).toFile())) {
      Manifest manifest = new Manifest(from.getManifest());
      Attributes headers = manifest.getMainAttributes();
      headers.compute(
          new Attributes.Name(Constants.BUNDLE_SYMBOLICNAME), (key, value) -> value + ".next");
      for (String header : List.of(Constants.IMPORT_PACKAGE, Constants.EXPORT_PACKAGE)) {
        String version = header.equals(Constants.IMPORT_PACKAGE) ? "[9.0,10)" : "9.0.0";
        headers.computeIfPresent(
            new Attributes.Name(header),
            (key, value) ->
                value
                    .toString()
                    .replaceAll(
                        "(org\\.dmalloc\\.spi\\.[a-z]+;version=)\"[^\"]*\"",
                        "$1\"" + version + "\""));
      }
      try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(copy), manifest)) {
        for (JarEntry entry : Collections.list(from.entries())) {
          if (!entry.isDirectory() && !entry.getName().equals(JarFile.MANIFEST_NAME)) {
            out.putNextEntry(new JarEntry(entry.getName()));
            try (InputStream in = from.getInputStream(entry)) {
              in.transferTo(out);
            }
          }
        }
      }
    }
    return copy;
  }

  /** A provider of the bundle, made as its component is. */
  private MemoryProvider provider(Bundle bundle, String name) throws Exception {
    Map<String, Object> properties = new HashMap<>();
    properties.put(MemoryProvider.BACKEND, name);
    properties.put("directory", store().toString());
    return (MemoryProvider)
        bundle
            .loadClass("org.dmalloc.backend.filechannel.FileChannelProvider")
            .getConstructor(BundleContext.class, Map.class)
            .newInstance(frameworks.getFirst().getBundleContext(), properties);
  }

  @Test
  void twoVersionsInOneFrameworkHaveOneRegisterOfOpenFiles() throws Exception {
    Framework framework = framework();
    install(framework, jar(SPI));
    install(framework, ofNextVersion(SPI));
    MemoryProvider one = provider(install(framework, jar(CHANNEL)), "one");
    MemoryProvider other = provider(install(framework, ofNextVersion(CHANNEL)), "other");
    assertExclude(one, other);
    assertExclude(other, one);
  }

  @Test
  void twoFrameworksInOneJvmHaveOneRegisterOfOpenFiles() throws Exception {
    List<MemoryProvider> providers = new ArrayList<>();
    for (String name : List.of("one", "other")) {
      Framework framework = framework();
      install(framework, jar(SPI));
      providers.add(provider(install(framework, jar(CHANNEL)), name));
    }
    assertExclude(providers.getFirst(), providers.getLast());
    assertExclude(providers.getLast(), providers.getFirst());
  }

  /** Neither takes, deletes or unlocks what the other has open. */
  private void assertExclude(MemoryProvider one, MemoryProvider other) throws Exception {
    RegionRequest named = RegionRequest.ofSize(SIZE).withName("orders");
    try (MemoryRegion region = one.allocate(named);
        MemoryRegion foreign = other.allocate(RegionRequest.ofSize(10))) {
      assertNotSame(region.getClass(), foreign.getClass());
      fill(region, (byte) 1);
      MemoryException e = assertThrows(MemoryException.class, () -> other.open("orders"));
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("in this JVM by " + one.name()), message);
      assertThrows(MemoryException.class, () -> other.delete("orders"));
      assertThrows(MemoryException.class, () -> other.allocate(named));
      assertEquals(StoredRegion.State.OPEN, other.stored().getFirst().state());
      assertTrue(locked());
      region.force();
    }
    try (MemoryRegion region = other.open("orders")) {
      check(region, (byte) 1);
      assertThrows(MemoryException.class, () -> one.open("orders"));
    }
    OpenRequest reading = OpenRequest.of("orders").readOnly();
    try (MemoryRegion kept = other.open(reading)) {
      one.open(reading).close(); // closing its descriptor would drop the other's lock
      assertTrue(locked());
      assertThrows(MemoryException.class, () -> one.open("orders"));
      check(kept, (byte) 1);
    }
    one.open("orders").close();
    assertFalse(locked());
    other.delete("orders");
  }

  /** Whether this process has a lock on the one file of the store. */
  private boolean locked() throws IOException {
    Path file;
    try (var files = Files.list(store())) {
      file = files.filter(each -> each.toString().endsWith(".region")).findFirst().orElseThrow();
    }
    String inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
    String pid = " " + ProcessHandle.current().pid() + " ";
    return Files.readAllLines(Path.of("/proc/locks")).stream()
        .anyMatch(line -> line.contains(inode) && line.contains(pid));
  }

  private static void fill(MemoryRegion region, byte value) {
    try (Access access = region.acquire()) {
      access.segment().fill(value);
    }
  }

  private static void check(MemoryRegion region, byte value) {
    try (Access access = region.acquire()) {
      assertEquals(value, access.segment().get(JAVA_BYTE, 0));
      assertEquals(value, access.segment().get(JAVA_BYTE, SIZE - 1));
    }
  }

  @Test
  void regionsAreUsedAndClosedWhenAllTheirBundlesHaveGone() throws Exception {
    Framework framework = framework();
    List<Bundle> suite = new ArrayList<>();
    for (String jar :
        List.of(SPI, CHANNEL, "dmalloc-backend-panama.jar", "dmalloc-backend-anon.jar")) {
      suite.add(install(framework, jar(jar)));
    }
    for (Bundle bundle : framework.getBundleContext().getBundles()) {
      bundle.start();
    }
    List<MemoryRegion> regions = new ArrayList<>();
    for (String backend : Backends.PIDS.keySet()) {
      MemoryProvider provider = service(framework, backend);
      RegionRequest request = RegionRequest.ofSize(SIZE);
      boolean named = provider.capabilities().contains(Capability.NAMED);
      regions.add(provider.allocate(named ? request.withName("of " + backend) : request));
    }
    for (Bundle bundle : suite.reversed()) {
      bundle.uninstall();
    }
    refresh(framework);
    for (MemoryRegion region : regions) {
      fill(region, (byte) 7);
      check(region, (byte) 7);
      String mapping = mapping(region);
      region.close();
      assertFalse(mappings().contains(mapping), mapping);
      assertFalse(region.info().open());
      assertThrows(IllegalStateException.class, region::acquire);
    }
    // Nothing is held any more: the next copy opens all.
    install(framework, jar(SPI));
    MemoryProvider next = provider(install(framework, jar(CHANNEL)), "next");
    for (String name : List.of("of panama", "of filechannel")) {
      try (MemoryRegion region = next.open(name)) {
        check(region, (byte) 7);
      }
    }
  }

  private static MemoryProvider service(Framework framework, String backend) throws Exception {
    BundleContext context = framework.getBundleContext();
    String filter = "(" + MemoryProvider.BACKEND + "=" + backend + ")";
    List<ServiceReference<MemoryProvider>> found = new ArrayList<>();
    ConfiguredProviders.until(
        () -> "provider " + backend,
        () -> found.addAll(context.getServiceReferences(MemoryProvider.class, filter)));
    return context.getService(found.getFirst());
  }

  private static List<String> mappings() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/maps"));
  }

  /** The line of the mapping that the region's memory is in. */
  private static String mapping(MemoryRegion region) throws IOException {
    try (Access access = region.acquire()) {
      long address = access.segment().address();
      for (String line : mappings()) {
        String[] bounds = line.substring(0, line.indexOf(' ')).split("-", 2);
        if (Long.compareUnsigned(Long.parseUnsignedLong(bounds[0], 16), address) <= 0
            && Long.compareUnsigned(address, Long.parseUnsignedLong(bounds[1], 16)) < 0) {
          return line;
        }
      }
    }
    throw new AssertionError(region + " is not mapped");
  }

  private static void refresh(Framework framework) throws InterruptedException {
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
}
