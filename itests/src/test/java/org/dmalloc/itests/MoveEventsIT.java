/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.inject.Inject;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;
import org.osgi.service.event.EventConstants;
import org.osgi.service.event.EventHandler;

/** Real moves, told by a real EventAdmin to a handler that asked for them. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class MoveEventsIT {
  private static final String TOPIC = "org/dmalloc/move/";
  private static final String EVENT_ADMIN = "org.apache.felix.eventadmin";
  private static final long SIZE = 3_000_001;

  @Inject private BundleContext context;

  private final List<Event> heard = new CopyOnWriteArrayList<>();
  private ServiceRegistration<EventHandler> handler;

  @Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @BeforeEach
  void listen() {
    handler =
        context.registerService(
            EventHandler.class,
            heard::add,
            FrameworkUtil.asDictionary(Map.of(EventConstants.EVENT_TOPIC, TOPIC + "*")));
  }

  @AfterEach
  void stopListening() {
    handler.unregister();
  }

  private ConfiguredProviders providers() {
    return new ConfiguredProviders(context);
  }

  private MemoryRegion allocate() throws Exception {
    return providers().await("managed").allocate(RegionRequest.ofSize(SIZE));
  }

  private MoveResult move(MemoryRegion region, String target) throws Exception {
    return providers().move(region, target, ProgressListener.NONE);
  }

  /** Events are delivered on a thread of their own, in the order of their posting. */
  private Event await(String what, int index) throws Exception {
    ConfiguredProviders.until(() -> what + " after " + heard, () -> heard.size() > index);
    Event event = heard.get(index);
    assertEquals(TOPIC + what, event.getTopic());
    return event;
  }

  @Test
  void aMoveIsHeardOfWithItsFigures() throws Exception {
    try (MemoryRegion region = allocate()) {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 7);
      }
      MoveResult result = move(region, "anon");
      Event started = await("STARTED", 0);
      assertEquals(region.id(), started.getProperty("region.id"));
      assertEquals(result.from(), started.getProperty("from"));
      assertEquals("anon", started.getProperty("to"));
      Event finished = await("FINISHED", 1);
      assertEquals(region.id(), finished.getProperty("region.id"));
      assertEquals(result.copiedBytes(), finished.getProperty("bytes"));
      assertEquals(result.passes(), finished.getProperty("passes"));
      assertEquals(result.pauseNanos(), finished.getProperty("pause.nanos"));
      assertEquals(result.elapsedNanos(), finished.getProperty("elapsed.nanos"));
      assertEquals(result.methodInAWord(), finished.getProperty("method"));
    }
  }

  @Test
  void aFailedMoveIsHeardOfWithItsReason() throws Exception {
    try (MemoryRegion region = allocate()) {
      ProgressListener cancels =
          (done, total) -> {
            throw new IllegalStateException("enough");
          };
      MemoryException failure =
          assertThrows(MemoryException.class, () -> providers().move(region, "anon", cancels));
      await("STARTED", 0);
      Event failed = await("FAILED", 1);
      assertEquals(region.id(), failed.getProperty("region.id"));
      assertEquals("anon", failed.getProperty("to"));
      assertEquals(failure.getMessage(), failed.getProperty("reason"));
      assertTrue(String.valueOf(failed.getProperty("reason")).contains("enough"));
    }
  }

  /** An evacuation is a move as any other. */
  @Test
  void anEvacuationIsHeardOf() throws Exception {
    try (MemoryRegion region = allocate()) {
      move(region, "anon");
      await("FINISHED", 1);
      Bundle anon = providers().references("anon").getFirst().getBundle();
      anon.stop();
      try {
        assertEquals("anon", await("STARTED", 2).getProperty("from"));
        assertEquals(region.id(), await("FINISHED", 3).getProperty("region.id"));
      } finally {
        anon.start();
      }
    }
  }

  @Test
  void movesGoOnWithoutTheService() throws Exception {
    Bundle eventAdmin =
        Arrays.stream(context.getBundles())
            .filter(bundle -> EVENT_ADMIN.equals(bundle.getSymbolicName()))
            .findFirst()
            .orElseThrow();
    try (MemoryRegion region = allocate()) {
      eventAdmin.stop();
      try {
        assertEquals("anon", move(region, "anon").to());
      } finally {
        eventAdmin.start();
      }
      ConfiguredProviders.until(
          () -> "the service to be back",
          () -> context.getServiceReference(EventAdmin.class) != null);
      heard.clear();
      // The component that posts is made when its service is there, on the thread that registers.
      assertEquals("panama", move(region, "panama").to());
      assertEquals("anon", await("STARTED", 0).getProperty("from"));
      await("FINISHED", 1);
    }
  }
}
