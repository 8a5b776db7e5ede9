/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.inject.Inject;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;

/** Backends as administrators see them: defaults, instances, bad values, service properties. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class ConfigurationIT {
  @Inject private BundleContext context;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    // Failed activations are what is tested here; their stack traces would bury the rest.
    return Framework.felix(frameworkProperty("ds.loglevel").value("0"));
  }

  private ConfiguredProviders providers() {
    return new ConfiguredProviders(context);
  }

  static List<String> pids() {
    return List.copyOf(Backends.PIDS.values());
  }

  @Test
  void everyBackendServesWithoutAConfiguration() throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      MemoryProvider provider = providers().await(backend);
      assertEquals(backend, provider.name());
      try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(10_000));
          Access access = region.acquire()) {
        access.segment().fill((byte) 7);
      }
    }
  }

  @Test
  void servicePropertiesTellNameAndCapabilities() throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      MemoryProvider provider = providers().await(backend);
      ServiceReference<MemoryProvider> reference = providers().references(backend).getFirst();
      List<String> told = List.of((String[]) reference.getProperty(MemoryProvider.CAPABILITY));
      assertEquals(
          provider.capabilities().stream().map(Capability::name).sorted().toList(),
          told.stream().sorted().toList(),
          backend);
      assertTrue(reference.getProperty("service.ranking") instanceof Integer, backend);
    }
  }

  @ParameterizedTest
  @MethodSource("pids")
  void twoInstancesWorkSideBySide(String pid, @TempDir Path disks) throws Exception {
    Path one = Files.createDirectory(disks.resolve("one"));
    Path two = Files.createDirectory(disks.resolve("two"));
    Configuration first =
        providers().create(pid, "dmalloc.backend", "first", "directory", one.toString());
    Configuration second =
        providers()
            .create(
                pid,
                "dmalloc.backend",
                "second",
                "directory",
                two.toString(),
                "limit.bytes",
                "64k");
    try {
      MemoryProvider unlimited = providers().await("first");
      MemoryProvider limited = providers().await("second");
      assertEquals(64 << 10, limited.statistics().limitBytes());
      RegionRequest small = RegionRequest.ofSize(64 << 10);
      if (limited.capabilities().contains(Capability.NAMED)) {
        small = small.withName("orders");
      }
      RegionRequest request = small;
      List<MemoryRegion> open = new ArrayList<>();
      open.add(unlimited.allocate(request));
      open.add(limited.allocate(request));
      assertEquals(1, unlimited.statistics().openRegions());
      assertEquals(List.of(open.get(1)), limited.regions());
      assertThrows(MemoryException.class, () -> limited.allocate(RegionRequest.ofSize(1)));
      open.add(unlimited.allocate(RegionRequest.ofSize(1 << 20)));
      if (request.name() != null) {
        assertTrue(String.valueOf(open.get(0).info().path()).startsWith(one.toString()));
        assertTrue(String.valueOf(open.get(1).info().path()).startsWith(two.toString()));
        assertEquals(1, unlimited.stored().size());
        assertEquals(1, limited.stored().size());
      }
      open.forEach(MemoryRegion::close);
    } finally {
      providers().delete(first);
      providers().delete(second);
    }
    assertEquals(List.of(), providers().references("first"));
  }

  @ParameterizedTest
  @CsvSource({
    "limit.bytes, lots",
    "limit.bytes, -1",
    "limit.bytes, 0",
    "section.timeout.millis, soon"
  })
  void badValueFailsActivationWithPidKeyAndValue(String key, String value) throws Exception {
    for (String pid : pids()) {
      Configuration bad = providers().create(pid, "dmalloc.backend", "bad", key, value);
      try {
        String failure = providers().awaitFailure("bad");
        assertTrue(
            failure.contains(pid) && failure.contains(key + "=" + value),
            "names PID, key and value: " + failure.lines().limit(3).toList());
        assertEquals(List.of(), providers().find("bad"));
      } finally {
        providers().delete(bad);
      }
    }
  }

  @Test
  void aCorrectedValueStartsTheProvider() throws Exception {
    for (String pid : pids()) {
      Configuration configuration =
          providers().create(pid, "dmalloc.backend", "mended", "limit.bytes", "many");
      try {
        providers().awaitFailure("mended");
        providers().update(configuration, "dmalloc.backend", "mended", "limit.bytes", "1m");
        assertEquals(1 << 20, providers().await("mended").statistics().limitBytes());
      } finally {
        providers().delete(configuration);
      }
    }
  }
}
