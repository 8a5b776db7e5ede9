/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryProvider;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * All backends, as an administrator has set them up: store A is served by both file backends, store
 * B on another disk by a second instance of one of them.
 */
final class StressBackends {
  /** Every backend. */
  static final List<String> ALL =
      List.of("panama", "disk-b", "filechannel", "anon", "anon-memfd", "anon-zero");

  /** Those that have named regions. */
  static final List<String> WITH_FILES = List.of("panama", "disk-b", "filechannel");

  static final List<String> BUNDLES =
      List.of(
          "org.dmalloc.backend.panama",
          "org.dmalloc.backend.filechannel",
          "org.dmalloc.backend.anon");

  private static final String MANAGER = "org.dmalloc.manager";

  private final BundleContext context;
  private final ConfiguredProviders providers;
  private final Path directory;
  private final Map<String, Configuration> configurations = new TreeMap<>();
  private final Configuration manager;

  StressBackends(BundleContext context, Path directory) throws Exception {
    this.context = context;
    this.providers = new ConfiguredProviders(context);
    this.directory = directory;
    for (String store : List.of("a", "b")) {
      Files.createDirectory(directory.resolve(store));
    }
    manager = providers.service(ConfigurationAdmin.class).getConfiguration(MANAGER, "?");
    configureManager("RETURN");
    for (String backend : WITH_FILES) {
      String pid = BUNDLES.get(backend.equals("filechannel") ? 1 : 0);
      configurations.put(backend, providers.create(pid, properties(backend, 10_000)));
    }
    awaitAll();
  }

  private String[] properties(String backend, int sectionTimeoutMillis) {
    return new String[] {
      MemoryProvider.BACKEND,
      backend,
      "directory",
      directory.resolve(backend.equals("disk-b") ? "b" : "a").toString(),
      "section.timeout.millis",
      Integer.toString(sectionTimeoutMillis)
    };
  }

  /** Another policy, looked at often; users wait as long as the test does. */
  void configureManager(String policy) throws Exception {
    manager.update(
        ConfiguredProviders.dictionary(
            "policy",
            policy,
            "policy.interval.millis",
            "100",
            "stranded.wait.millis",
            "600000",
            "evacuation.timeout.millis",
            "600000"));
  }

  /** Another value for a file backend, for which the component runtime makes it anew. */
  void configure(String backend, int sectionTimeoutMillis) throws Exception {
    providers.update(configurations.get(backend), properties(backend, sectionTimeoutMillis));
  }

  Bundle bundle(String name) {
    for (Bundle bundle : context.getBundles()) {
      if (name.equals(bundle.getSymbolicName())) {
        return bundle;
      }
    }
    throw new AssertionError("no bundle " + name);
  }

  /** Waits until all backends are there. */
  void awaitAll() throws Exception {
    for (String backend : ALL) {
      providers.await(backend);
    }
  }

  void checkEmpty() throws Exception {
    for (String backend : ALL) {
      assertEquals(0, providers.await(backend).statistics().openRegions(), backend);
    }
  }

  /** Lets the framework drop what updates have left. */
  void refresh() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    context
        .getBundle(0)
        .adapt(FrameworkWiring.class)
        .refreshBundles(
            null,
            event -> {
              if (event.getType() == FrameworkEvent.PACKAGES_REFRESHED) {
                done.countDown();
              }
            });
    assertTrue(done.await(60, TimeUnit.SECONDS), "packages refreshed");
    awaitAll();
  }

  /** Takes the configurations back. */
  void unconfigure() throws Exception {
    for (Configuration each : configurations.values()) {
      providers.delete(each);
    }
    providers.delete(manager);
  }
}
