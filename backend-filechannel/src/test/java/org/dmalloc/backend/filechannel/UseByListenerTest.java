/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A progress listener runs in the middle of a growth, and what ends an arena in that of a close.
 */
@Timeout(60)
final class UseByListenerTest {
  private static final long MIB = 1L << 20;

  @TempDir Path directory;
  private FileChannelProvider provider;

  @BeforeEach
  void start() throws MemoryException {
    provider = SmallRegionsTest.in(directory);
  }

  @AfterEach
  void stop() {
    provider.stop();
  }

  private static void assertRefused(MemoryRegion region, Action use) throws MemoryException {
    MemoryException e =
        assertThrows(
            MemoryException.class,
            () ->
                region.resize(
                    64 * MIB,
                    (done, total) -> {
                      try {
                        use.run();
                      } catch (MemoryException f) {
                        throw new AssertionError(f);
                      }
                    }));
    assertInstanceOf(IllegalStateException.class, e.getCause());
    assertEquals(MIB, region.byteSize());
    try (Access access = region.acquire()) {
      assertEquals(MIB, access.segment().byteSize());
    }
  }

  @Test
  void growthInPlaceIsNotNested() throws Exception {
    RegionRequest request = RegionRequest.ofSize(MIB).withName("r").withMaximum(128 * MIB);
    try (MemoryRegion region = provider.allocate(request)) {
      List<Action> uses = List.of(() -> region.ensure(32 * MIB), region::close);
      for (Action use : uses) {
        assertRefused(region, use);
      }
      region.resize(64 * MIB);
    }
  }

  @Test
  void aRegionThatIsMappedAnewIsNotWaitedForByItsOwnThread() throws Exception {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(MIB).withName("r"))) {
      assertRefused(region, () -> region.acquire().close());
    }
  }

  @Test
  void theEndOfAnArenaDoesNotWaitForItsOwnClose() throws Exception {
    MemoryRegion region = provider.allocate(RegionRequest.ofSize(MIB));
    AtomicReference<Throwable> refused = new AtomicReference<>();
    Arena arena = Arena.ofShared();
    region
        .segment()
        .reinterpret(
            arena,
            segment ->
                refused.set(assertThrows(IllegalStateException.class, () -> region.setLength(1))));
    region.attach(arena);
    region.close();
    assertFalse(region.info().open());
    assertInstanceOf(IllegalStateException.class, refused.get());
  }
}
