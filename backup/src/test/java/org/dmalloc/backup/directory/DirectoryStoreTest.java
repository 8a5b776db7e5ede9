/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.directory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.BackupStoreContract;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreTest extends BackupStoreContract {
  @TempDir private Path directory;

  @Override
  protected BackupStore open() throws MemoryException {
    return DirectoryStore.open(directory.resolve("deep/store"));
  }

  /** It gives all at once; each is synced, which takes its time. */
  @Override
  protected int manyObjects() {
    return 30;
  }

  @Test
  void aCopyOfTheDirectoryIsTheSameStore() throws Exception {
    BackupStore store = open();
    store.put("objects/a", content(new byte[] {1, 2}));
    String tag = store.replace("heads/a", null, ByteBuffer.wrap(new byte[] {3}));
    Path copy = directory.resolve("copy");
    Path original = directory.resolve("deep/store");
    try (Stream<Path> files = Files.walk(original)) {
      for (Path path : files.toList()) {
        Files.copy(path, copy.resolve(original.relativize(path).toString()));
      }
    }
    BackupStore copied = DirectoryStore.open(copy);
    assertEquals(store.list(""), copied.list(""));
    assertEquals(tag, copied.get("heads/a").orElseThrow().tag());
  }

  @Test
  void isMadeByTheFirstWriteForTheOwnerAlone() throws Exception {
    BackupStore store = open();
    assertEquals(List.of(), store.list(""));
    assertEquals(Optional.empty(), store.get("heads/a"));
    assertFalse(Files.exists(directory.resolve("deep")), "looking leaves nothing behind");
    store.put("objects/a", content(new byte[1]));
    assertEquals(
        PosixFilePermissions.fromString("rwx------"),
        Files.getPosixFilePermissions(directory.resolve("deep/store")));
  }

  @Test
  void whatAKilledWriterLeftIsNoObjectAndGoesAfterADay() throws Exception {
    BackupStore store = open();
    store.put("objects/a", content(new byte[1]));
    Path left = directory.resolve("deep/store/INCOMING/left.part");
    Files.write(left, new byte[100]);
    assertEquals(1, store.list("").size());
    open();
    assertTrue(Files.exists(left), "it may be being written");
    Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
    open();
    assertFalse(Files.exists(left));
  }

  @Test
  void saysWhatRefuses() throws Exception {
    Path file = directory.resolve("file");
    Files.write(file, new byte[1]);
    try (BackupStore store = DirectoryStore.open(file.resolve("store"))) {
      MemoryException e =
          assertThrows(MemoryException.class, () -> store.put("objects/a", content(new byte[1])));
      assertTrue(e.getMessage().startsWith("put " + file + "/store/objects/a: "), e.getMessage());
    }
  }
}
