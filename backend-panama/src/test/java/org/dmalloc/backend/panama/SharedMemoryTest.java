/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.testkit.ProcessSharedContract;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** POSIX shared memory: a store on the file system in memory that shm_open(3) uses. */
@EnabledIf("hasSharedMemory")
final class SharedMemoryTest extends ProcessSharedContract {
  private static final Path MOUNT = Path.of("/dev/shm");

  static boolean hasSharedMemory() {
    return Files.isWritable(MOUNT);
  }

  @Override
  protected ProviderFixture fixture() {
    return new Fixture();
  }

  /** Puts the store of each directory there; for a second JVM too. */
  public static final class Fixture implements ProviderFixture {
    private final ProviderFixture panama = new PanamaFixture();
    private Path directory = MOUNT;

    /** Used by the second JVM. */
    public Fixture() {}

    @Override
    public MemoryProvider start(ProviderSettings settings) throws Exception {
      String name = "dmalloc-test" + settings.directory().toString().replace('/', '-');
      directory = Files.createDirectories(MOUNT.resolve(name));
      return panama.start(
          new ProviderSettings(directory, settings.limitBytes(), settings.sectionTimeout()));
    }

    @Override
    public void stop(MemoryProvider provider) throws Exception {
      panama.stop(provider);
      List<Path> left;
      try (Stream<Path> files = Files.walk(directory)) {
        left = files.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path file : left) {
        Files.delete(file);
      }
    }
  }

  @Test
  void pagesAreTakenAtAllocationSoThatNoStoreFindsTheMountFull(@TempDir Path directory)
      throws Exception {
    Fixture fixture = new Fixture();
    MemoryProvider provider = fixture.start(ProviderSettings.in(directory));
    RegionRequest request = RegionRequest.ofSize(8 << 20).withName("board").withProcessShared(true);
    try (MemoryRegion region = provider.allocate(request)) {
      assertSame(Reservation.RESERVED, region.info().reservation());
      assertEquals("tmpfs file", region.info().backing());
      Path file = region.info().path();
      assertTrue(((Number) Files.getAttribute(file, "unix:size")).longValue() >= 8 << 20);
      assertEquals(8 << 20, region.residency().residentBytes());
      region.force(); // there is no device to wait for
    } finally {
      fixture.stop(provider);
    }
  }
}
