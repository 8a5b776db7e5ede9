/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A wiped region's file, which another descriptor still shows, is zero when the region is gone. */
class WipedRegionTest {
  private static final byte SECRET = 0x5E;

  @TempDir Path directory;

  private MemoryProvider provider() throws MemoryException {
    return new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
  }

  /** The file without a name that this process has open in the directory. */
  private FileChannel unnamed() throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      List<Path> found = descriptors.filter(this::isUnnamedHere).toList();
      return FileChannel.open(found.getFirst());
    }
  }

  private boolean isUnnamedHere(Path descriptor) {
    try {
      String target = Files.readSymbolicLink(descriptor).toString();
      return target.startsWith(directory + "/") && target.endsWith(" (deleted)");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  private static boolean hasSecret(FileChannel channel) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(channel.size()));
    while (content.hasRemaining() && channel.read(content, content.position()) >= 0) {
      // until it is full
    }
    for (byte b : content.array()) {
      if (b == SECRET) {
        return true;
      }
    }
    return false;
  }

  private static void fill(MemoryRegion region) {
    try (Access access = region.acquire()) {
      access.segment().fill(SECRET);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {100, 4096, 3_000_001})
  void anUnnamedRegionIsWipedWhenItIsClosed(long size) throws Exception {
    MemoryRegion region = provider().allocate(RegionRequest.ofSize(size).withWipe(true));
    fill(region);
    try (FileChannel file = unnamed()) {
      assertTrue(hasSecret(file));
      region.close();
      assertFalse(hasSecret(file));
    }
  }

  @Test
  void anOrdinaryOneIsNot() throws Exception {
    MemoryRegion region = provider().allocate(RegionRequest.ofSize(3_000_001));
    fill(region);
    try (FileChannel file = unnamed()) {
      region.close();
      assertTrue(hasSecret(file));
    }
  }

  @Test
  void aSparseRegionIsWipedWhereItHasBytes() throws Exception {
    MemoryRegion region =
        provider()
            .allocate(
                RegionRequest.ofSize(64 << 20).withReservation(Reservation.SPARSE).withWipe(true));
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_BYTE, 5, SECRET);
    }
    try (FileChannel file = unnamed()) {
      region.close();
      assertFalse(hasSecret(file));
    }
  }

  @Test
  void theConfigurationWipesAll() throws Exception {
    MemoryProvider always =
        new PanamaProvider(
            PanamaSettings.of(
                Map.of(
                    "dmalloc.backend", "panama",
                    "directory", directory.toString(),
                    "wipe", "true"),
                null));
    MemoryRegion region = always.allocate(RegionRequest.ofSize(100));
    assertTrue(region.info().wipe());
    fill(region);
    try (FileChannel file = unnamed()) {
      region.close();
      assertFalse(hasSecret(file));
    }
    try (MemoryRegion named = always.allocate(RegionRequest.ofSize(5000).withName("n"))) {
      fill(named);
    }
    Path link = directory.resolve("link");
    Files.createLink(link, directory.resolve("n.region"));
    always.delete("n");
    try (FileChannel file = FileChannel.open(link)) {
      assertFalse(hasSecret(file));
    }
  }

  @Test
  void deletingWipesWhatNobodyHasOpen() throws Exception {
    MemoryProvider provider = provider();
    try (MemoryRegion named = provider.allocate(RegionRequest.ofSize(5000).withName("n"))) {
      fill(named);
      Deletion wiping = Deletion.DEFAULT.withWipe(true);
      assertThrows(MemoryException.class, () -> provider.delete("n", wiping));
      assertThrows(IllegalArgumentException.class, () -> wiping.withWhileOpen(true));
      try (Access access = named.acquire()) {
        assertEquals(SECRET, access.segment().get(JAVA_BYTE, 4999));
      }
    }
    Path link = directory.resolve("link");
    Files.createLink(link, directory.resolve("n.region"));
    provider.delete("n", Deletion.DEFAULT.withWipe(true));
    try (FileChannel file = FileChannel.open(link)) {
      assertFalse(hasSecret(file));
    }
  }
}
