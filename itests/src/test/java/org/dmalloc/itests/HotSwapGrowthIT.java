/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.inject.Inject;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;

/** A region keeps what it was asked for through all backends, under a writer that makes it grow. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class HotSwapGrowthIT {
  private static final long MAX = 4 << 20;

  /** What no store may reach once it is written. */
  private static final long PROTECTED = 8192;

  @Inject private BundleContext context;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  private ConfiguredProviders providers() {
    return new ConfiguredProviders(context);
  }

  /** Appends longs that tell their place, and says by the length how many there are. */
  private static final class Appender implements Runnable {
    final MemoryRegion region;
    final AtomicReference<Throwable> failure = new AtomicReference<>();
    final Thread thread;

    Appender(MemoryRegion region) {
      this.region = region;
      this.thread = Thread.ofPlatform().start(this);
    }

    @Override
    public void run() {
      try {
        for (long at = 0; at < MAX; at += 8) {
          region.ensure(at + 8);
          try (Access access = region.acquire(at, 8)) {
            access.segment().set(JAVA_LONG, 0, at);
          }
          region.setLength(at + 8);
          if (at + 8 == PROTECTED) {
            region.protect(0, PROTECTED, AccessMode.READ_ONLY);
          }
        }
      } catch (Throwable e) {
        failure.set(e);
      }
    }
  }

  private static void check(MemoryRegion region, long length) {
    try (Access access = region.acquire()) {
      for (long at = 0; at < length; at += 8) {
        if (access.segment().get(JAVA_LONG, at) != at) {
          assertEquals(at, access.segment().get(JAVA_LONG, at), "at " + at);
        }
      }
    }
  }

  private static void checkKept(MemoryRegion region) {
    assertEquals(MAX, region.info().maximum());
    assertEquals(MAX, region.info().autogrowth().ceiling());
    assertEquals(NameDurability.ON_FORCE, region.info().nameDurability());
    long length = region.length();
    check(region, length);
    if (length > PROTECTED) {
      try (Access first = region.acquire(PROTECTED - 8, 8);
          Access next = region.acquire(PROTECTED, 8)) {
        assertTrue(first.segment().isReadOnly());
        assertFalse(next.segment().isReadOnly());
      }
    }
  }

  private static RegionRequest growing() {
    return RegionRequest.ofSize(4096)
        .withMaximum(MAX)
        .withAutogrowth(Autogrowth.upTo(MAX))
        .withNameDurability(NameDurability.ON_FORCE);
  }

  private MoveResult move(MemoryRegion region, String target) throws Exception {
    return providers().move(region, target, ProgressListener.NONE);
  }

  @Test
  void throughAllKindsOfMemory() throws Exception {
    MemoryProvider managed = providers().await("managed");
    List<String> names = List.copyOf(Backends.PIDS.keySet());
    for (String name : names) {
      assertTrue(providers().await(name).capabilities().contains(Capability.GROW_IN_PLACE), name);
    }
    try (MemoryRegion region = managed.allocate(growing())) {
      Appender appender = new Appender(region);
      for (int i = 0; appender.thread.isAlive() || i < names.size(); i++) {
        move(region, names.get(i % names.size()));
        checkKept(region);
      }
      appender.thread.join();
      assertNull(appender.failure.get());
      assertEquals(MAX, region.length());
      assertEquals(MAX, region.byteSize());
      checkKept(region);
      assertEquals(MAX, managed.statistics().openBytes());
    }
    assertEquals(0, managed.statistics().openBytes());
  }

  @Test
  void throughTheStoresOfBothFileBackendsWithItsName(@TempDir Path disks) throws Exception {
    Path store = Files.createDirectory(disks.resolve("store"));
    Path other = Files.createDirectory(disks.resolve("other"));
    List<Configuration> configured =
        List.of(
            configure("panama", "mapped", store),
            configure("filechannel", "channel", store),
            configure("panama", "mapped-elsewhere", other),
            configure("filechannel", "channel-elsewhere", other));
    List<String> names = List.of("mapped", "channel", "channel-elsewhere", "mapped-elsewhere");
    try {
      for (String name : names) {
        providers().await(name);
      }
      MemoryProvider managed = providers().await("managed");
      try (MemoryRegion region = managed.allocate(growing().withName("orders"))) {
        move(region, "mapped");
        Appender appender = new Appender(region);
        String name = "orders";
        for (int i = 1; appender.thread.isAlive() || i < 2 * names.size(); i++) {
          MoveResult moved = move(region, names.get(i % names.size()));
          assertEquals(i % 2 == 1 ? MoveMethod.REMAP : MoveMethod.COPY, moved.method());
          checkKept(region);
          name = "orders-" + i;
          region.rename(name);
          assertEquals(name, region.info().name());
        }
        appender.thread.join();
        assertNull(appender.failure.get());
        assertEquals(MAX, region.length());
        region.force();
        String last = name;
        assertEquals(
            1,
            managed.stored().stream()
                .filter(stored -> stored.path().startsWith(disks))
                .filter(stored -> stored.name().equals(last) && stored.length() == MAX)
                .count());
        managed.delete(last, Deletion.DEFAULT.withWhileOpen(true));
        check(region, MAX);
      }
      assertEquals(
          0, managed.stored().stream().filter(each -> each.path().startsWith(disks)).count());
    } finally {
      for (Configuration each : configured) {
        providers().delete(each);
      }
    }
  }

  private Configuration configure(String backend, String name, Path directory) throws Exception {
    return providers()
        .create(
            Backends.PIDS.get(backend), "dmalloc.backend", name, "directory", directory.toString());
  }
}
