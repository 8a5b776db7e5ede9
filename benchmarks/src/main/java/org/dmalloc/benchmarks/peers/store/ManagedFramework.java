/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.apache.felix.framework.FrameworkFactory;
import org.dmalloc.api.MemoryProvider;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.launch.Framework;
import org.osgi.util.tracker.ServiceTracker;

/**
 * The managed provider, in a framework of its own: it is only made by the component runtime. The
 * API comes from the class path, so that its types are those of the caller. The framework ends with
 * its JVM.
 */
final class ManagedFramework {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** By symbolic name: the class path has them as jars, or in a build as directories of classes. */
  private static final List<String> BUNDLES =
      List.of(
          "org.osgi.util.function",
          "org.osgi.util.promise",
          "org.osgi.service.component",
          "org.apache.felix.scr",
          "org.dmalloc.spi",
          "org.dmalloc.backend.panama",
          "org.dmalloc.manager");

  private static @Nullable MemoryProvider provider;

  private ManagedFramework() {}

  /** The provider, over the panama backend alone. */
  static synchronized MemoryProvider provider(StorePlace place) throws IOException {
    MemoryProvider found = provider;
    if (found == null) {
      // Felix writes version numbers with the digits of this locale, and cannot read them again.
      Locale digits = Locale.getDefault(Locale.Category.FORMAT);
      Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
      try {
        found = start(Files.createTempDirectory(place.directory().getParent(), "framework-"));
      } finally {
        Locale.setDefault(Locale.Category.FORMAT, digits);
      }
      provider = found;
    }
    return found;
  }

  private static MemoryProvider start(Path storage) throws IOException {
    Map<String, Path> places = new HashMap<>();
    Map<String, String> exports = new HashMap<>();
    for (String entry :
        System.getProperty("java.class.path").split(java.io.File.pathSeparator, -1)) {
      Manifest manifest = manifest(Path.of(entry));
      String name =
          manifest == null ? null : manifest.getMainAttributes().getValue("Bundle-SymbolicName");
      if (manifest != null && name != null) {
        String symbolic = name.split(";", -1)[0].strip();
        places.putIfAbsent(symbolic, Path.of(entry).toAbsolutePath());
        String exported = manifest.getMainAttributes().getValue("Export-Package");
        if (exported != null) {
          exports.putIfAbsent(symbolic, exported);
        }
      }
    }
    String api = exports.get("org.dmalloc.api");
    if (api == null) {
      throw new IOException("org.dmalloc.api is not on the class path as a bundle; build it first");
    }
    Framework framework =
        new FrameworkFactory()
            .newFramework(
                Map.of(
                    "org.osgi.framework.storage",
                    storage.toString(),
                    "org.osgi.framework.system.packages.extra",
                    api,
                    "felix.log.level",
                    "1"));
    try {
      framework.start();
      BundleContext context = framework.getBundleContext();
      List<Bundle> installed = new ArrayList<>();
      for (String name : BUNDLES) {
        Path place = places.get(name);
        if (place == null) {
          throw new IOException(
              String.format(
                  Locale.ROOT, "bundle %s is not on the class path; build it first", name));
        }
        installed.add(context.installBundle("reference:" + place.toUri()));
      }
      for (Bundle bundle : installed) {
        bundle.start();
      }
      ServiceTracker<MemoryProvider, MemoryProvider> tracker =
          new ServiceTracker<>(
              context,
              context.createFilter(
                  String.format(
                      Locale.ROOT,
                      "(&(objectClass=%s)(dmalloc.backend=managed))",
                      MemoryProvider.class.getName())),
              null);
      tracker.open();
      MemoryProvider service = tracker.waitForService(PATIENCE.toMillis());
      if (service == null) {
        throw new IOException("the managed provider did not come in " + PATIENCE);
      }
      return service;
    } catch (BundleException | InvalidSyntaxException e) {
      throw new IOException("the framework of the managed provider: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the managed provider started", e);
    }
  }

  private static @Nullable Manifest manifest(Path entry) throws IOException {
    if (Files.isDirectory(entry)) {
      Path file = entry.resolve("META-INF/MANIFEST.MF");
      if (Files.notExists(file)) {
        return null;
      }
      try (var in = Files.newInputStream(file)) {
        return new Manifest(in);
      }
    }
    if (!Files.isRegularFile(entry)) {
      return null;
    }
    try (JarFile jar = new JarFile(entry.toFile())) {
      return jar.getManifest();
    }
  }
}
