/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.linux.OpenFile;

/** A file system of its own in a file, whose space is taken: what fills it fills nothing else. */
public final class LoopDisk {
  private LoopDisk() {}

  /**
   * Makes and mounts one, until the returned change is undone. The file lies beside the mount point
   * and goes with the directory of both.
   *
   * @param point a directory to make and mount it at
   * @throws IOException if that fails; then nothing is mounted
   */
  public static Change create(SetupJournal journal, Path point, long byteSize) throws IOException {
    Path image = point.resolveSibling(point.getFileName() + ".image");
    Files.createFile(
        image, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (OpenFile open = OpenFile.open(image, AccessMode.READ_WRITE)) {
      open.reserve(0, byteSize, ProgressListener.NONE);
    }
    Files.createDirectory(
        point, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Change change = Change.of(Change.Kind.MOUNT, point.toString());
    journal.add(change);
    try {
      SystemProgram.run("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
      SystemProgram.run("mount", "-o", "loop", image.toString(), point.toString());
    } catch (IOException e) {
      journal.takeBack(change);
      throw new IOException(
          String.format(
              Locale.ROOT,
              "file system in %s: %s; needs root, a loop device, and mkfs.ext4 (e2fsprogs)",
              image,
              e.getMessage()),
          e);
    }
    Files.deleteIfExists(point.resolve("lost+found"));
    return change;
  }
}
