/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** Whatever becomes of a backend, who took a region of it keeps, sees and can close it. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class RestartIT {
  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  /** What happens to a backend; closing leads back to where it serves as before. */
  enum Restart {
    /** Another value, with which the component is made anew. */
    CONFIGURATION {
      @Override
      AutoCloseable begin(RestartIT test, String backend) throws Exception {
        Configuration configuration =
            test.providers()
                .service(ConfigurationAdmin.class)
                .getConfiguration(Backends.PIDS.get(backend), "?");
        test.providers().update(configuration, "limit.bytes", "1g");
        assertEquals(1 << 30, test.providers().await(backend).statistics().limitBytes());
        return () -> test.providers().delete(configuration);
      }
    },
    /**
     * The one without a configuration becomes the first instance that has one, and is made anew.
     */
    INSTANCE {
      @Override
      AutoCloseable begin(RestartIT test, String backend) throws Exception {
        Configuration other =
            test.providers().create(Backends.PIDS.get(backend), "dmalloc.backend", "other");
        test.providers().await("other");
        return () -> test.providers().delete(other);
      }
    },
    STOP {
      @Override
      AutoCloseable begin(RestartIT test, String backend) throws Exception {
        Bundle bundle = test.bundleOf(backend);
        bundle.stop();
        return bundle::start;
      }
    },
    UPDATE {
      @Override
      AutoCloseable begin(RestartIT test, String backend) throws Exception {
        test.bundleOf(backend).update();
        test.refresh();
        return () -> {};
      }
    },
    /** The bundle of what backends share: the region's own class is of a copy that has gone. */
    SHARED {
      @Override
      AutoCloseable begin(RestartIT test, String backend) throws Exception {
        for (Bundle bundle : test.context.getBundles()) {
          if ("org.dmalloc.spi".equals(bundle.getSymbolicName())) {
            bundle.update();
          }
        }
        test.refresh();
        return () -> {};
      }
    };

    abstract AutoCloseable begin(RestartIT test, String backend) throws Exception;
  }

  @ParameterizedTest
  @EnumSource
  void regionsTakenFromABackendStayUsableListedAndCloseable(Restart restart) throws Exception {
    for (String backend : Backends.PIDS.keySet()) {
      boolean named = providers().await(backend).capabilities().contains(Capability.NAMED);
      try (ShellSession shell = new ShellSession(gogo)) {
        String id = shell.region("alloc 64k -b " + backend + (named ? " -n kept" : ""));
        shell.run("write " + id + " 4000 'before the restart'");
        AutoCloseable back = restart.begin(this, backend);
        try {
          assertServes(shell, id, "before the restart");
          shell.run("write " + id + " 4000 'after the restart '");
        } finally {
          back.close();
        }
        providers().await(backend);
        assertServes(shell, id, "after the restart ");
        if (named) {
          Exception open =
              assertThrows(Exception.class, () -> shell.run("open kept -b " + backend));
          assertTrue(open.getMessage().endsWith("close it by 'free " + id + "'"), open::getMessage);
        }
        shell.run("free " + id);
        assertEquals("", shell.row("regions", id));
        assertEquals("", shell.row("regions --leaks", id));
        if (named) {
          String again = shell.region("open kept -b " + backend);
          assertTrue(shell.run("read " + again + " 4000 18").contains("after the"), backend);
          shell.run("free " + again);
          shell.run("delete kept -b " + backend);
        }
      }
    }
  }

  private static void assertServes(ShellSession shell, String id, String text) throws Exception {
    String row = shell.row("regions", id);
    assertTrue(row.contains("64 KiB"), row);
    assertTrue(row.contains("(orphaned)"), row);
    assertTrue(shell.row("regions --leaks", id).contains("was stopped or reconfigured"), id);
    String read = shell.run("read " + id + " 4000 18");
    assertTrue(read.contains(text.substring(0, 12)), read);
    String info = shell.run("info " + id);
    assertTrue(info.contains("its backend stopped at"), info);
  }

  /** A bundle that used the manager's provider goes on; the new manager knows nothing of it. */
  @ParameterizedTest
  @EnumSource(names = {"STOP", "UPDATE"})
  void regionsOfAManagerThatRestartsStayTheirOwners(Restart restart) throws Exception {
    try (ShellSession shell = new ShellSession(gogo);
        MemoryRegion region =
            providers().await("managed").allocate(RegionRequest.ofSize(1 << 20).withOwner("me"))) {
      String id = Long.toString(region.id());
      store(region, (byte) 1);
      AutoCloseable back = restart.begin(this, "managed");
      try {
        assertTrue(shell.row("regions", id).contains("(orphaned)"), restart.name());
        store(region, (byte) 2);
      } finally {
        back.close();
      }
      RegionMover mover = providers().service(RegionMover.class);
      assertTrue(mover.managed(region.id()).isEmpty());
      assertTrue(shell.row("regions", id).contains("(orphaned)"), restart.name());
      assertTrue(shell.row("regions --leaks", id).contains("me"), restart.name());
      store(region, (byte) 3);
      assertSame(
          region,
          OrphanedRegions.list().stream()
              .map(OrphanedRegions.Orphan::region)
              .filter(each -> each.id() == region.id())
              .findFirst()
              .orElseThrow());
      Exception refused = assertThrows(Exception.class, () -> shell.run("hotswap " + id + " anon"));
      assertTrue(String.valueOf(refused.getMessage()).contains("orphaned"), refused.getMessage());
      // Its backend goes as well: there is no manager to take it elsewhere, and it stays all the
      // same.
      String backend = region.info().backing().replaceFirst(":.*", "");
      bundleOf(backend).stop();
      try {
        store(region, (byte) 4);
        shell.run("free " + id);
        assertEquals("", shell.row("regions", id));
      } finally {
        bundleOf("org.dmalloc", backend).start();
      }
      providers().await(backend);
    }
  }

  /** Nobody but the move may have its target, whatever others do meanwhile. */
  @Test
  void theTargetOfARunningMoveIsNobodysToFree() throws Exception {
    long size = 32L << 20;
    try (ShellSession shell = new ShellSession(gogo);
        ShellSession mover = new ShellSession(gogo)) {
      String id = shell.region("alloc 32m -b managed");
      shell.run("fill " + id + " -w 7");
      String other = shell.region("alloc 1m -b anon");
      AtomicReference<Throwable> ended = new AtomicReference<>();
      MemoryProvider anon = providers().await("anon");
      Thread move =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      mover.run("hotswap " + id + " anon --rate 1m");
                    } catch (Throwable e) {
                      ended.set(e);
                    }
                  });
      ConfiguredProviders.until(
          () -> "the move's target; " + ended.get(),
          () -> anon.statistics().openBytes() >= size + (1 << 20));
      assertEquals(
          List.of(Long.valueOf(other)), anon.regions().stream().map(MemoryRegion::id).toList());
      List<String> listed =
          shell.run("regions").lines().skip(1).map(line -> line.strip().split(" ", 2)[0]).toList();
      assertEquals(List.of(id, other), listed);
      // The region gives way to its user, the move's target goes with the move.
      assertTrue(shell.run("free --all").contains("freed 2 regions"));
      move.join();
      String message = String.valueOf(ended.get());
      assertTrue(message.contains("gave way") || message.contains("is closed"), message);
      assertEquals(0, anon.statistics().openRegions());
    }
  }

  private static void store(MemoryRegion region, byte value) throws Exception {
    try (Access access = region.acquire()) {
      access.segment().fill(value);
      assertEquals(value, access.segment().get(JAVA_BYTE, region.byteSize() - 1));
    }
  }

  private ConfiguredProviders providers() {
    return new ConfiguredProviders(context);
  }

  private Bundle bundleOf(String backend) throws Exception {
    providers().await(backend);
    return providers().references(backend).getFirst().getBundle();
  }

  /** Found by its name: it may be stopped. */
  private Bundle bundleOf(String prefix, String backend) {
    String pid = String.valueOf(Backends.PIDS.get(backend));
    for (Bundle bundle : context.getBundles()) {
      if (bundle.getSymbolicName().startsWith(prefix) && pid.startsWith(bundle.getSymbolicName())) {
        return bundle;
      }
    }
    throw new AssertionError(String.format(Locale.ROOT, "no bundle of %s", backend));
  }

  private void refresh() throws Exception {
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
    done.await();
  }
}
