/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding.Severity;
import org.dmalloc.api.StoredRegion.State;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are really damaged, and what the store says to them. */
final class RefusedFilesTest {
  private static final long SIZE = 10_000;

  @TempDir Path directory;
  private RegionStore store;
  private Path file;

  @BeforeEach
  void createRegion() throws Exception {
    store = RegionStore.open(directory);
    store.create("r", SIZE, Reservation.SPARSE, SpaceReserver.SPARSE, "test").close();
    file = store.path("r");
  }

  @Test
  void everyFlippedBitInOneCopyIsOutvotedByTheOther() throws Exception {
    for (long copy : RegionHeader.COPY_POSITIONS) {
      for (int bit = 0; bit < RegionHeader.BYTES * 8; bit += 7) {
        flip(copy, bit);
        assertTrue(
            store.verify().stream()
                .anyMatch(
                    f -> f.severity() == Severity.WARNING && f.message().contains("is damaged")),
            "copy " + copy + " bit " + bit);
        try (StoreFile opened = store.open("r", OpenMode.READER, "test")) {
          assertEquals(SIZE, opened.byteSize());
        }
        flip(copy, bit);
      }
    }
    assertTrue(store.verify().stream().noneMatch(f -> f.severity() == Severity.ERROR));
  }

  @Test
  void everyFlippedBitInBothCopiesIsRefused() throws Exception {
    for (int bit = 0; bit < RegionHeader.BYTES * 8; bit++) {
      flip(0, bit);
      flip(4096, bit);
      assertRefused(bit < 64 ? "foreign" : "damaged");
      flip(0, bit);
      flip(4096, bit);
    }
    store.open("r", OpenMode.WRITER, "test").close();
  }

  @Test
  void aWriterHealsTheDamagedCopy() throws Exception {
    flip(0, 200);
    store.open("r", OpenMode.WRITER, "test").close();
    flip(4096, 200);
    try (StoreFile opened = store.open("r", OpenMode.READER, "test")) {
      assertEquals(SIZE, opened.byteSize());
    }
  }

  @Test
  void aForeignFileIsRefused() throws Exception {
    byte[] beginsWithZeros = new byte[1 << 20];
    beginsWithZeros[5000] = 1;
    Files.write(file, beginsWithZeros);
    assertRefused("foreign");
    assertThrows(MemoryException.class, () -> store.delete("r"));
    Files.writeString(file, "hello");
    assertRefused("foreign");
  }

  @Test
  void aHeaderThatNeverReachedTheDeviceIsACreationThatWasCutOff() throws Exception {
    long length = Files.size(file);
    Files.write(file, new byte[(int) length]);
    assertRefused("cut off by a power loss");
    assertEquals(State.UNUSABLE, store.list().getFirst().state());
    store.delete("r");
    assertEquals(0, store.list().size());
  }

  @Test
  void anEmptyFileIsACreationThatWasCutOff() throws Exception {
    Files.write(file, new byte[0]);
    assertRefused("empty");
    store.delete("r");
    assertEquals(0, store.list().size());
  }

  @Test
  void aDamagedRegionCanBeDeleted() throws Exception {
    flip(0, 200);
    flip(4096, 200);
    assertRefused("damaged");
    store.delete("r");
    assertEquals(0, store.list().size());
  }

  @Test
  void aFileCutByOneByteIsRefused() throws Exception {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(RegionImage.DATA_OFFSET + SIZE);
      store.open("r", OpenMode.READER, "test").close();
      raw.setLength(RegionImage.DATA_OFFSET + SIZE - 1);
      assertRefused("truncated");
      raw.setLength(4096 + RegionHeader.BYTES);
      assertRefused("truncated");
      raw.setLength(RegionHeader.BYTES);
      assertRefused("truncated");
      raw.setLength(RegionHeader.BYTES - 1);
      assertRefused("damaged");
    }
  }

  @Test
  void aNewerVersionIsRefusedAsTooNew() throws Exception {
    patchInt(0, 8, RegionHeader.VERSION + 1);
    patchInt(4096, 8, RegionHeader.VERSION + 1);
    assertRefused("too new: format version 2");
  }

  @Test
  void aFeatureThatMustBeUnderstoodIsRefusedAsTooNew() throws Exception {
    patchInt(0, 48, 1 << 6);
    patchInt(4096, 48, 1 << 6);
    assertRefused("too new: it uses unknown features, flags 0x40");
  }

  @Test
  void aFeatureThatMayBeIgnoredIsIgnored() throws Exception {
    patchInt(0, 52, 1 << 5);
    patchInt(4096, 52, 1 << 5);
    store.open("r", OpenMode.WRITER, "test").close();
  }

  @Test
  void valuesThatMakeNoSenseAreDamageEvenWithARightChecksum() throws Exception {
    patchInt(0, 28, -1); // byteSize < 0
    patchInt(4096, 28, -1);
    assertRefused("damaged");
  }

  @Test
  void whatIsNoRegularFileIsRefusedWithoutOpeningIt() throws Exception {
    Files.delete(file);
    Files.createSymbolicLink(file, Path.of("/dev/zero"));
    assertRefused("not a region");
    Files.delete(file);
    Files.createDirectory(file);
    assertRefused("not a region");
    Files.delete(file);
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/mkfifo")), "mkfifo(1) is not installed");
    assertEquals(0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor());
    assertRefused("not a region");
  }

  @Test
  void aFileNameThatStandsForNoRegionIsListedAsUnusable() throws Exception {
    Files.move(file, directory.resolve("no region.region"));
    assertEquals(State.UNUSABLE, store.list().getFirst().state());
    assertTrue(store.list().getFirst().detail().contains("foreign"), "detail");
  }

  private void assertRefused(String reason) throws IOException {
    for (OpenMode mode : OpenMode.values()) {
      MemoryException e =
          assertThrows(MemoryException.class, () -> store.open("r", mode, "test"), reason);
      String message = Objects.requireNonNull(e.getMessage());
      assertTrue(message.contains(reason), message);
      assertTrue(message.contains(file.toString()), message);
    }
    assertEquals(State.UNUSABLE, store.list().getFirst().state());
    assertTrue(
        store.verify().stream()
            .anyMatch(f -> f.severity() == Severity.ERROR && f.message().contains(reason)),
        "verify says " + reason);
  }

  private void flip(long copy, int bit) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(copy + bit / 8);
      int b = raw.read();
      raw.seek(copy + bit / 8);
      raw.write(b ^ (1 << bit % 8));
    }
  }

  private void patchInt(long copy, int at, int value) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      byte[] bytes = new byte[RegionHeader.BYTES];
      raw.seek(copy);
      raw.readFully(bytes);
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
      CRC32C crc = new CRC32C();
      crc.update(bytes, 0, 508);
      buffer.putInt(508, (int) crc.getValue());
      raw.seek(copy);
      raw.write(bytes);
    }
  }
}
