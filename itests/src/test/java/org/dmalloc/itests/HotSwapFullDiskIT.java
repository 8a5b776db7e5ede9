/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.itests.exam.PaxExam;
import org.dmalloc.measure.move.PageWriter;
import org.dmalloc.testkit.SmallFileSystem;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;

/** Moves of a region in use to a disk that really is full: nothing happens, and it is said why. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class HotSwapFullDiskIT {
  private static final long MIB = 1 << 20;
  private static final long DISK = 64 * MIB;

  /** Several pieces of a copy, and a rest. */
  private static final long SIZE = 40 * MIB + 4096;

  private static final int ENOSPC = 28;
  private static final double PAGES_PER_SECOND = 5_000;

  @Inject private BundleContext context;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  /** It takes its disk space by the writes of the copy: there is none left in the middle of it. */
  @ParameterizedTest
  @EnumSource(names = {"TMPFS", "EXT4"})
  void filechannelMeetsAFullDiskInTheMiddleOfTheCopy(
      SmallFileSystem.Kind kind, @TempDir Path directory) throws Exception {
    try (SmallFileSystem disk = SmallFileSystem.mount(kind, directory, DISK)) {
      AtomicLong copied = new AtomicLong();
      MemoryException e =
          refuseThenMove(
              "org.dmalloc.backend.filechannel",
              disk,
              () -> {},
              (done, total) -> {
                if (copied.getAndSet(done) == 0) {
                  disk.takeAll();
                }
              });
      assertTrue(copied.get() > 0 && copied.get() < SIZE, copied + " bytes were copied");
      assertTrue(e.getMessage().startsWith("write "), e.getMessage());
    }
  }

  /** It reserves disk space first: the move ends before it has begun to copy. */
  @ParameterizedTest
  @EnumSource(names = {"TMPFS", "EXT4"})
  void panamaIsRefusedAtTheAllocation(SmallFileSystem.Kind kind, @TempDir Path directory)
      throws Exception {
    try (SmallFileSystem disk = SmallFileSystem.mount(kind, directory, DISK)) {
      AtomicLong copied = new AtomicLong();
      MemoryException e =
          refuseThenMove(
              "org.dmalloc.backend.panama", disk, disk::takeAll, (done, total) -> copied.set(done));
      assertEquals(0, copied.get());
      assertTrue(e.getMessage().startsWith("fallocate " + SIZE + " bytes of "), e.getMessage());
    }
  }

  /**
   * Moves a region in use to a disk that gets full, and once more when there is room again.
   *
   * @param before takes the space before the first move
   * @param meanwhile takes it during the first move
   * @return what the first move said
   */
  private MemoryException refuseThenMove(
      String pid, SmallFileSystem disk, Runnable before, ProgressListener meanwhile)
      throws Exception {
    Configuration configuration =
        providers()
            .create(pid, "dmalloc.backend", "small", "directory", disk.directory().toString());
    try (MemoryRegion region = providers().await("managed").allocate(RegionRequest.ofSize(SIZE));
        PageWriter writer = PageWriter.startFilled(region, "writer", SIZE)) {
      providers().move(region, "anon", ProgressListener.NONE);
      writer.rate(PAGES_PER_SECOND);
      MemoryProvider small = providers().await("small");
      List<Path> files = files(disk);
      List<String> backings = ProcessFootprint.now(disk.directory()).backings();
      before.run();

      MemoryException refused =
          assertThrows(MemoryException.class, () -> providers().move(region, "small", meanwhile));
      assertSaysWhatToDo(refused, disk);
      assertEquals("anon", backend(region));
      awaitStores(writer);
      writer.check();
      Files.delete(disk.directory().resolve("thief"));
      assertEquals(files, files(disk));
      assertEquals(backings, ProcessFootprint.now(disk.directory()).backings());
      assertEquals(0, small.statistics().openRegions());
      assertTrue(disk.availableBytes() >= SIZE, disk.availableBytes() + " bytes came back");

      providers().move(region, "small", ProgressListener.NONE);
      assertEquals("small", backend(region));
      awaitStores(writer);
      writer.check();
      return refused;
    } finally {
      providers().delete(configuration);
    }
  }

  private static void assertSaysWhatToDo(MemoryException e, SmallFileSystem disk) {
    String message = e.getMessage();
    assertEquals(ENOSPC, e.errno(), message);
    assertTrue(
        message.matches(
            String.format(
                Locale.ROOT,
                ".* bytes of %s.*: ENOSPC \\(28\\); .*free.* or choose another directory",
                disk.directory())),
        message);
  }

  private ConfiguredProviders providers() {
    return new ConfiguredProviders(context);
  }

  private String backend(MemoryRegion region) {
    return providers().service(RegionMover.class).managed(region.id()).orElseThrow().backend();
  }

  /** The region takes stores: some more are made. */
  private static void awaitStores(PageWriter writer) throws Exception {
    long before = writer.writes();
    ConfiguredProviders.until(
        () -> "stores; " + writer.failure(), () -> writer.writes() > before + 100);
  }

  private static List<Path> files(SmallFileSystem disk) throws IOException {
    try (Stream<Path> all = Files.walk(disk.directory())) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
