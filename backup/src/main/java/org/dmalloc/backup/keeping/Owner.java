/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.archive.Head;

/** Who may go on with a backup. */
final class Owner {
  private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

  private Owner() {}

  /** The options' name; else the host with the region's file, which one process has open. */
  static String of(CheckpointLog group, KeepOptions options) {
    String given = options.owner();
    if (given != null) {
      return given;
    }
    return host()
        + ":"
        + group.regions().stream()
            .map(MemoryRegion::info)
            .map(info -> String.valueOf(info.path()))
            .sorted()
            .findFirst()
            .orElse(group.name());
  }

  static String host() {
    try {
      if (Files.isReadable(HOST_NAME)) {
        // In one read, as files of the kernel want it.
        try (InputStream in = Files.newInputStream(HOST_NAME)) {
          byte[] name = new byte[256];
          int length = Math.max(0, in.read(name));
          return new String(name, 0, length, StandardCharsets.UTF_8).strip();
        }
      }
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "unknown host";
    } catch (IOException e) {
      return "unknown host, " + e.getMessage();
    }
  }

  /** Refuses if another owner has not ended its work. */
  static void requireRight(Head current, String owner, boolean takeOver, BackupStore store)
      throws MemoryException {
    Head.Writer writer = current.writer();
    if (writer.open() && !writer.owner().equals(owner) && !takeOver) {
      throw MemoryException.of(
          "keep backup",
          current.group() + " in " + store.location(),
          "'"
              + writer.owner()
              + "' has it, wrote it last at "
              + current.written()
              + " and has not ended its work; this is '"
              + owner
              + "'",
          "end it there, or take it over (--take-over) if that one is gone");
    }
  }
}
