/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.inject.Inject;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.ResourceEvent;
import org.dmalloc.api.ResourceEvent.Direction;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceLimits;
import org.dmalloc.api.ResourceListener;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;

/** A service that listens is told when a configured quota comes near, and when it does not. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class ResourceListenerIT {
  @Inject private BundleContext context;
  @Inject private ResourceLimits limits;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @Test
  void aQuotaIsToldOnceEachWay() throws Exception {
    ConfiguredProviders providers = new ConfiguredProviders(context);
    Configuration configuration =
        providers.create(
            Backends.PIDS.get("anon"), "dmalloc.backend", "small", "limit.bytes", "100k");
    List<ResourceEvent> events = new CopyOnWriteArrayList<>();
    ServiceRegistration<ResourceListener> listener =
        context.registerService(
            ResourceListener.class,
            event -> {
              if (event.use().subject().equals("small")) {
                events.add(event);
              }
            },
            FrameworkUtil.asDictionary(Map.of(ResourceListener.LEVEL, 90)));
    try {
      MemoryProvider small = providers.await("small");
      try (MemoryRegion region = small.allocate(RegionRequest.ofSize(92 << 10))) {
        ConfiguredProviders.until(() -> "to be told", () -> !events.isEmpty());
        ResourceEvent reached = events.getFirst();
        assertEquals(Direction.REACHED, reached.direction());
        assertEquals(ResourceKind.PROVIDER_BYTES, reached.use().kind());
        assertEquals(92, reached.use().percent());
        assertEquals(90, reached.levelPercent());
        assertEquals(region.id(), reached.largest().getFirst().id());
        assertTrue(
            limits.uses().stream().anyMatch(use -> use.equals(reached.use())),
            limits.uses().toString());
      }
      ConfiguredProviders.until(() -> "to be told again", () -> events.size() > 1);
      assertEquals(Direction.LEFT, events.get(1).direction());
    } finally {
      listener.unregister();
      providers.delete(configuration);
    }
    assertEquals(2, events.size());
  }
}
