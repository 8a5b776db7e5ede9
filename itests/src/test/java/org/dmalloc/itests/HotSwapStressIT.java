/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;
import static org.ops4j.pax.exam.CoreOptions.vmOption;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.forked.ForkedTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/**
 * Real backends are swapped, stopped, started, updated and configured anew while threads use the
 * regions on them. Nothing may be lost, no user may see an error, and nothing may be left behind.
 *
 * <p>In a JVM of its own, whose mappings and descriptors nobody else changes. {@code
 * -Ddmalloc.moves} and {@code -Ddmalloc.seed} change its length and repeat a choice of events.
 */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(ForkedTestContainerFactory.class)
public class HotSwapStressIT {
  private static final long SIZE = 1_500_000;
  private static final int UNNAMED = 5;
  private static final int STORED = 2;
  private static final int EVENTS = 30;

  @Inject private BundleContext context;

  @Configuration
  public Option[] framework() {
    return Framework.felix(
        vmOption("--enable-native-access=ALL-UNNAMED"),
        systemProperty("dmalloc.moves").value(System.getProperty("dmalloc.moves", "240")),
        systemProperty("dmalloc.seed")
            .value(System.getProperty("dmalloc.seed", Long.toString(System.nanoTime()))));
  }

  @Test
  void nothingIsLostWhileBackendsComeAndGo(@TempDir Path directory) throws Exception {
    long seed = Long.getLong("dmalloc.seed");
    int moves = Integer.getInteger("dmalloc.moves");
    StressBackends backends = new StressBackends(context, directory);
    StressMoves record =
        new StressMoves(new ConfiguredProviders(context).service(RegionMover.class));
    ServiceRegistration<?> listening = context.registerService(MoveListener.class, record, null);
    try {
      // Brings the threads and heap parts that any run of this needs.
      swap(backends, record, moves / 4, EVENTS / 4, seed + 1_000);
      ProcessFootprint before = footprint(backends, directory);
      swap(backends, record, moves, EVENTS, seed);
      ProcessFootprint after = footprint(backends, directory);
      System.out.printf("before: %s%nafter: %s%n", before, after);
      assertEquals(List.of(), after.backings(), "left behind");
      // A leak would be one for each move; a thread's stack or a new part of the heap is a few.
      int few = moves / 4;
      assertTrue(after.mappings() - before.mappings() < few, before + " then " + after);
      assertTrue(after.descriptors() - before.descriptors() < few, before + " then " + after);
    } finally {
      listening.unregister();
      backends.unconfigure();
    }
    for (String store : List.of("a", "b")) {
      try (Stream<Path> left = Files.list(directory.resolve(store))) {
        assertEquals(List.of(), left.toList(), "left in store " + store);
      }
    }
  }

  private static ProcessFootprint footprint(StressBackends backends, Path directory)
      throws Exception {
    backends.refresh();
    return ProcessFootprint.now(directory);
  }

  private void swap(StressBackends backends, StressMoves record, int moves, int events, long seed)
      throws Exception {
    RandomGeneratorFactory<RandomGenerator> randoms = RandomGeneratorFactory.of("L64X128MixRandom");
    MemoryProvider provider = new ConfiguredProviders(context).await("managed");
    record.forget();
    List<RegionUsers> users = new ArrayList<>();
    for (int i = 0; i < UNNAMED + STORED; i++) {
      RegionRequest request = RegionRequest.ofSize(SIZE).withOwner("stress " + i);
      MemoryRegion region =
          provider.allocate(i < UNNAMED ? request : request.withName("stored " + i));
      users.add(new RegionUsers(region, randoms.create(seed + i), i));
    }
    StressEvents administration = new StressEvents(backends, events, randoms.create(seed - 1));
    Thread administrator =
        Thread.ofPlatform().daemon().name("administrator").unstarted(administration);
    RandomGenerator choice = randoms.create(seed - 2);
    try {
      users.forEach(RegionUsers::start);
      administrator.start();
      while (record.finished() < moves || administrator.isAlive()) {
        check(users, record, administration, seed);
        record.move(users.get(choice.nextInt(users.size())).region(), choice);
      }
      administration.check();
      record.awaitAllHeld();
      record.goInAllDirections(users.getFirst().region());
      for (RegionUsers each : users) {
        each.finish();
      }
      check(users, record, administration, seed);
    } finally {
      users.forEach(RegionUsers::stop);
    }
    long sections = users.stream().mapToLong(RegionUsers::sections).sum();
    System.out.printf(
        "hot swap: %d sections, %s, %s, seed %d%n", sections, record, administration, seed);
    assertEquals(UNNAMED + STORED, record.managedRegions());
    for (RegionUsers each : users) {
      String name = each.region().info().name();
      each.region().close();
      if (name != null) {
        provider.delete(name);
      }
    }
    assertEquals(0, provider.statistics().openBytes());
    assertEquals(List.of(), provider.stored());
    backends.checkEmpty();
  }

  private static void check(
      List<RegionUsers> users, StressMoves record, StressEvents events, long seed) {
    for (RegionUsers each : users) {
      Throwable failure = each.failure();
      if (failure != null) {
        throw new AssertionError(
            String.format(
                Locale.ROOT,
                "seed %d, %s, %s: %s\n%s",
                seed,
                record,
                events,
                failure,
                String.join("\n", record.history(each.region().id()))),
            failure);
      }
    }
  }
}
