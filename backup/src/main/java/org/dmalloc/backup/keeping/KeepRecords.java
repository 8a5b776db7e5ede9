/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.backup.archive.KeepRecord;
import org.dmalloc.backup.archive.MemoryContent;
import org.dmalloc.backup.directory.DurableFiles;

/** Small files beside the regions, one for each group, that say where its backup lies. */
final class KeepRecords {
  private static final String SUFFIX = ".backup";

  private KeepRecords() {}

  /** The directory of a group's files; empty if it has none. */
  static Optional<Path> directory(CheckpointLog group) {
    return group.regions().stream()
        .map(region -> region.info().path())
        .filter(path -> path != null)
        .map(path -> path.toAbsolutePath().getParent())
        .filter(path -> path != null)
        .findFirst();
  }

  /** Remembers a backup that has begun. */
  static void write(CheckpointLog group, BackupStore store, KeepOptions options, Instant at)
      throws MemoryException {
    Optional<Path> directory = directory(group).filter(Files::isDirectory);
    if (directory.isEmpty()) {
      return; // regions without files are not found again either
    }
    List<String> regions =
        group.regions().stream().map(region -> String.valueOf(region.info().name())).toList();
    KnownBackup backup =
        new KnownBackup(group.id(), group.name(), regions, store.location(), options, at);
    replace(directory.get().resolve(group.id() + SUFFIX), KeepRecord.encode(backup));
  }

  /** Gives a small file other content, in one step, durably. */
  static void replace(Path file, byte[] content) throws MemoryException {
    try {
      DurableFiles.replace(file, new MemoryContent(content));
    } catch (IOException e) {
      throw DurableFiles.refused("write", file, e);
    }
  }

  /** What the files of a directory say; those that are not right are left out. */
  static List<KnownBackup> read(Path directory) throws MemoryException {
    List<KnownBackup> known = new ArrayList<>();
    try (var files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        KeepRecord.decode(ByteBuffer.wrap(Files.readAllBytes(file))).ifPresent(known::add);
      }
    } catch (NoSuchFileException e) {
      return known; // not there, or just being replaced
    } catch (IOException e) {
      throw DurableFiles.refused("read", directory, e);
    }
    return known;
  }
}
