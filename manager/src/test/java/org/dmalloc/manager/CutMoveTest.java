/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The file of a region is cut short before it moves, or while it does. */
final class CutMoveTest {
  private static final long KEPT = 1 << 20;

  @TempDir Path directory;

  private final Rig rig = new Rig();
  private ManagedRegion region;

  @BeforeEach
  void allocate() throws IOException {
    rig.add(Rig.panama("first", Files.createDirectory(directory.resolve("first"))), 2);
    rig.add(Rig.panama("second", Files.createDirectory(directory.resolve("second"))), 1);
    region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 3);
  }

  @AfterEach
  void close() {
    region.close();
    assertFalse(region.info().open());
    rig.regions.stop();
  }

  private void setLength(long dataBytes) throws IOException {
    Path file = Objects.requireNonNull(region.info().path());
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long header = 2 << 20;
      if (dataBytes < Rig.SIZE) {
        channel.truncate(header + dataBytes);
      } else {
        channel.write(ByteBuffer.allocate(1), header + dataBytes);
      }
    }
  }

  private void assertRefused() {
    MemoryException e = assertThrows(MemoryException.class, () -> rig.move(region, "second"));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("its file was cut short: bytes from 1048576 on"), message);
    assertEquals(1, message.lines().count());
    assertEquals("first", region.managedInfo().backend());
    assertTrue(Files.notExists(directory.resolve("second/orders.region")));
    assertTrue(region.failure().orElse("").contains("cut short"), region.failure().toString());
  }

  @Test
  void itStaysWhereItIs() throws Exception {
    setLength(KEPT);
    assertRefused();
  }

  @Test
  void zerosThatSomebodyPutThereAreNotWhatItHad() throws Exception {
    setLength(KEPT);
    assertTrue(region.failure().isPresent());
    setLength(Rig.SIZE);
    assertRefused();
  }

  @ParameterizedTest
  @EnumSource(names = {"ALLOCATED", "TRACKING"})
  void alsoIfItIsCutBeforeTheCopy(Step when) {
    AtomicBoolean cut = new AtomicBoolean();
    rig.probe =
        (moved, step) -> {
          if (step == when && cut.compareAndSet(false, true)) {
            try {
              setLength(KEPT);
            } catch (IOException e) {
              throw MemoryException.of("cut", moved.toString(), "failed", "");
            }
          }
        };
    assertRefused();
    assertTrue(cut.get());
  }
}
