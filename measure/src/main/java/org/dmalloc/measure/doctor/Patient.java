/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * The machine that is looked at.
 *
 * @param files what its kernel says
 * @param directories where stores lie or will lie; a directory need not exist yet
 * @param freeSpace how many bytes an ordinary user may still write below a directory
 */
public record Patient(KernelFiles files, List<Path> directories, FreeSpace freeSpace) {
  /** Tells how much room is left. */
  @FunctionalInterface
  public interface FreeSpace {
    /** Bytes left in the file system of a directory; empty if that cannot be told. */
    OptionalLong below(Path directory);
  }

  /** Copies the list. */
  public Patient {
    directories = List.copyOf(directories);
  }

  /** The machine that this runs on. */
  public static Patient thisMachine(List<Path> directories) {
    return new Patient(KernelFiles.ofThisMachine(), directories, Patient::usableSpace);
  }

  private static OptionalLong usableSpace(Path directory) {
    Path existing = directory.toAbsolutePath();
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    if (existing == null) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Files.getFileStore(existing).getUsableSpace());
    } catch (IOException e) {
      // Shown as unknown: the file system may be gone or refuse this user.
      return OptionalLong.empty();
    }
  }
}
