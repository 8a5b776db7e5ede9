/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** An XFS in a sparse file, mounted on a loop device; needs root and mkfs.xfs. */
final class XfsImage implements AutoCloseable {
  private final Path image;
  private final Path directory;

  private XfsImage(Path image, Path directory) {
    this.image = image;
    this.directory = directory;
  }

  /** Throws an {@link IOException} that says why, and leaves nothing, if there can be none. */
  static XfsImage mount(Path below, long byteSize) throws IOException, InterruptedException {
    Files.createDirectories(below);
    XfsImage made = new XfsImage(below.resolve("xfs.image"), below.resolve("xfs"));
    try (FileChannel file =
        FileChannel.open(made.image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      file.write(java.nio.ByteBuffer.allocate(1), byteSize - 1);
    }
    try {
      Files.createDirectory(made.directory);
      run("mkfs.xfs", "-q", "-m", "reflink=1", made.image.toString());
      run("mount", "-t", "xfs", "-o", "loop", made.image.toString(), made.directory.toString());
      return made;
    } catch (IOException | InterruptedException e) {
      Files.deleteIfExists(made.directory);
      Files.deleteIfExists(made.image);
      throw e;
    }
  }

  Path directory() {
    return directory;
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    int status = process.waitFor();
    if (status != 0) {
      throw new IOException(
          command[0] + ": status " + status + ": " + printed.lines().findFirst().orElse(""));
    }
  }

  @Override
  public void close() throws IOException {
    try {
      run("umount", directory.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(directory + " stays mounted; umount it", e);
    }
    Files.delete(directory);
    Files.delete(image);
  }
}
