/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.ResourceEvent;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.api.standalone.Dmalloc;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The suite without OSGi: settings, instances, what closes when. */
class DmallocTest {
  private static final RegionRequest PAGE = RegionRequest.ofSize(4096);

  @TempDir private Path directory;
  private Dmalloc dmalloc;

  @BeforeEach
  void open() {
    dmalloc = open(Map.of());
  }

  @AfterEach
  void close() {
    dmalloc.close();
  }

  private Dmalloc open(Map<String, ?> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.putIfAbsent("directory", directory.toString());
    return Dmalloc.open(settings);
  }

  private String backendOf(MemoryRegion managed) {
    return dmalloc.mover().managed(managed.id()).orElseThrow().backend();
  }

  private static String refusal(Class<? extends Throwable> type, Runnable call) {
    return String.valueOf(assertThrows(type, call::run).getMessage());
  }

  @Test
  void everyProviderWhoseJarIsHereHasItsName() {
    assertEquals(
        Set.of("anon", "anon-memfd", "anon-zero", "filechannel", "managed", "panama"),
        dmalloc.names());
    for (String name : dmalloc.names()) {
      assertEquals(name, dmalloc.provider(name).name());
    }
    assertSame(dmalloc.provider("panama"), dmalloc.provider("panama"));
  }

  @Test
  void sharedSettingsReachThoseWhoKnowTheKey() throws MemoryException {
    try (Dmalloc limited = open(Map.of("limit.bytes", "1m", "policies", "EARLY"))) {
      for (String name : limited.names()) {
        assertEquals(1 << 20, limited.provider(name).statistics().limitBytes(), name);
      }
      limited.provider("panama").allocate(PAGE.withName("orders")).close();
      assertEquals(
          directory.resolve("orders.region"), limited.provider("panama").stored().get(0).path());
    }
  }

  @Test
  void limitsAreThoseOfTheProvidersThatRun() throws Exception {
    try (Dmalloc limited = open(Map.of("limit.bytes", "1m"))) {
      MemoryProvider anon = limited.provider("anon");
      BlockingQueue<ResourceEvent> events = new LinkedBlockingQueue<>();
      limited
          .limits()
          .listen(
              event -> {
                if (event.use().kind() == ResourceKind.PROVIDER_BYTES) {
                  events.add(event);
                }
              });
      try (MemoryRegion region = anon.allocate(RegionRequest.ofSize(900 << 10))) {
        ResourceEvent reached = events.poll(30, TimeUnit.SECONDS);
        assertEquals("anon", reached.use().subject());
        assertEquals(87, reached.use().percent());
        assertEquals(region.id(), reached.largest().getFirst().id());
      }
      assertEquals(ResourceEvent.Direction.LEFT, events.poll(30, TimeUnit.SECONDS).direction());
    }
  }

  @Test
  void ownSettingsComeBeforeShared() {
    try (Dmalloc limited = open(Map.of("limit.bytes", "1m"))) {
      limited.start("anon", Map.of("limit.bytes", "2m"));
      assertEquals(2 << 20, limited.provider("anon").statistics().limitBytes());
    }
  }

  @Test
  void badSettingsAreRefusedInTheWordsOfTheOsgiConfiguration() {
    try (Dmalloc bad = Dmalloc.open(Map.of("directory", directory + "/none"))) {
      assertTrue(
          refusal(IllegalArgumentException.class, () -> bad.provider("panama"))
              .startsWith("org.dmalloc.backend.panama: directory=" + directory + "/none; "));
    }
    try (Dmalloc misspelt = open(Map.of("limit.byte", "1m"))) {
      assertEquals(
          "org.dmalloc.backend.anon: limit.byte=1m; there is no such key; did you mean"
              + " limit.bytes?",
          refusal(IllegalArgumentException.class, () -> misspelt.provider("anon")));
      assertEquals(
          "org.dmalloc.backend.anon: service.ranking=7; give an Integer, which in a .config file is"
              + " service.ranking=I\"10\"",
          refusal(
              IllegalArgumentException.class,
              () -> dmalloc.start("anon", Map.of("service.ranking", "7"))));
    }
    assertEquals(
        "dmalloc.backend=x: a name is one provider's; give it to start",
        refusal(
            IllegalArgumentException.class, () -> Dmalloc.open(Map.of("dmalloc.backend", "x"))));
  }

  @Test
  void aKindHasSeveralInstancesUnderNamesOfTheirOwn() throws MemoryException {
    MemoryProvider small =
        dmalloc.start("panama", Map.of("dmalloc.backend", "small", "limit.bytes", "64k"));
    assertEquals("small", small.name());
    assertSame(small, dmalloc.provider("small"));
    assertTrue(dmalloc.names().contains("small"));
    dmalloc.provider("panama").allocate(RegionRequest.ofSize(1 << 20)).close();
    assertThrows(
        MemoryException.class, () -> small.allocate(RegionRequest.ofSize(1 << 20)).close());
    assertEquals(
        "provider 'panama' runs already; name another by dmalloc.backend",
        refusal(IllegalStateException.class, () -> dmalloc.start("panama", Map.of())));
  }

  @Test
  void severalCanBeOpenAtOnceWithOtherSettings() throws MemoryException {
    try (Dmalloc other = open(Map.of("limit.bytes", "64k"));
        MemoryRegion mine = dmalloc.provider("panama").allocate(PAGE);
        MemoryRegion theirs = other.provider("panama").allocate(PAGE)) {
      assertFalse(mine.id() == theirs.id());
      assertEquals(List.of(mine), dmalloc.provider("panama").regions());
      assertEquals(List.of(theirs), other.provider("panama").regions());
    }
  }

  @Test
  void unknownNamesAreToldWhatIsHere() {
    assertEquals(
        "no provider 'disk': here are [anon, anon-memfd, anon-zero, filechannel, managed, panama]",
        refusal(IllegalArgumentException.class, () -> dmalloc.provider("disk")));
  }

  @Test
  void managedMovesAmongAllThatRun() throws MemoryException {
    dmalloc.start("panama", Map.of("dmalloc.backend", "early"));
    try (MemoryRegion region = dmalloc.provider("managed").allocate(PAGE)) {
      assertEquals("early", backendOf(region), "in place of a panama of the default name");
      dmalloc.start("panama", Map.of("dmalloc.backend", "late"));
      List<String> told = new ArrayList<>();
      dmalloc.add(
          new MoveListener() {
            @Override
            public void finished(MoveResult result) {
              told.add(result.from() + " to " + result.to());
            }
          });
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 7);
      }
      dmalloc.mover().move(region.id(), "late", MoveOptions.DEFAULT, ProgressListener.NONE);
      dmalloc.mover().move(region.id(), "anon", MoveOptions.DEFAULT, ProgressListener.NONE);
      try (Access access = region.acquire()) {
        assertEquals(7, access.segment().get(JAVA_BYTE, 4095));
      }
      assertEquals(List.of("early to late", "late to anon"), told);
      assertEquals("program", dmalloc.mover().managed().getFirst().bundle());
    }
  }

  @Test
  void aRankingDecidesWhichBackendTheManagerTakes() throws MemoryException {
    dmalloc.start("filechannel", Map.of("service.ranking", 1000));
    try (MemoryRegion region = dmalloc.provider("managed").allocate(PAGE)) {
      assertEquals("filechannel", backendOf(region));
    }
  }

  @Test
  void theManagerHasSettingsToo() {
    assertTrue(
        refusal(
                IllegalArgumentException.class,
                () -> dmalloc.start("managed", Map.of("policy", "SOON")))
            .startsWith("org.dmalloc.manager: policy=SOON; give one of "));
    dmalloc.start("managed", Map.of("limit.bytes", "1m"));
    assertEquals(1 << 20, dmalloc.provider("managed").statistics().limitBytes());
    assertEquals(
        "provider 'managed' runs already, and there is one",
        refusal(
            IllegalStateException.class,
            () -> dmalloc.start("managed", Map.of("limit.bytes", "2m"))));
  }

  @Test
  void closingStopsProvidersAndLeavesOpenRegionsToTheirOwners() throws MemoryException {
    MemoryProvider provider = dmalloc.provider("panama");
    MemoryProvider managed = dmalloc.provider("managed");
    try (MemoryRegion region = provider.allocate(PAGE);
        MemoryRegion movable = managed.allocate(PAGE)) {
      dmalloc.close();
      dmalloc.close();
      assertThrows(IllegalStateException.class, () -> provider.allocate(PAGE));
      assertThrows(IllegalStateException.class, () -> managed.allocate(PAGE));
      assertThrows(IllegalStateException.class, () -> dmalloc.provider("panama"));
      for (MemoryRegion open : List.of(region, movable)) {
        try (Access access = open.acquire()) {
          access.segment().fill((byte) 1);
        }
        assertTrue(
            OrphanedRegions.list().stream().anyMatch(orphan -> orphan.region().equals(open)),
            open::toString);
      }
    }
  }
}
