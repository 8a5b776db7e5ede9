/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** A mounted file system of a few MiB, to be filled; unmounted by close. Needs root. */
final class SmallFileSystem implements AutoCloseable {
  private final Path directory;

  private SmallFileSystem(Path directory) {
    this.directory = directory;
  }

  static SmallFileSystem tmpfs(Path where, String options) throws IOException {
    assumeRoot();
    Path directory = Files.createDirectory(where.resolve("tmpfs"));
    run("mount", "-t", "tmpfs", "-o", options, "dmalloc-test", directory.toString());
    return new SmallFileSystem(directory);
  }

  static SmallFileSystem ext4(Path where, long byteSize) throws IOException {
    assumeRoot();
    Path image = Files.createFile(where.resolve("ext4.image"));
    run("truncate", "-s", Long.toString(byteSize), image.toString());
    run("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
    Path directory = Files.createDirectory(where.resolve("ext4"));
    run("mount", "-o", "loop", image.toString(), directory.toString());
    Files.delete(directory.resolve("lost+found"));
    return new SmallFileSystem(directory);
  }

  Path directory() {
    return directory;
  }

  long availableBytes() throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }

  void remount(String options) throws IOException {
    run("mount", "-o", "remount," + options, directory.toString());
  }

  @Override
  public void close() throws IOException {
    run("umount", directory.toString());
  }

  private static void assumeRoot() {
    boolean root = "root".equals(System.getProperty("user.name"));
    if (!root) {
      System.out.println("SKIPPED: mounting a small file system needs root");
    }
    Assumptions.assumeTrue(root, "mounting a small file system needs root");
  }

  private static void run(String... command) throws IOException {
    List<String> words = new ArrayList<>(List.of(command));
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String output;
    try (var in = process.getInputStream()) {
      output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    // The end of the output is the end of the process, but for its exit status.
    int status = process.onExit().join().exitValue();
    assertEquals(0, status, String.join(" ", words) + ": " + output);
  }
}
