/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A small file system for one test, unmounted at its end; skips the test without root. */
record Mount(Path path) implements AutoCloseable {
  /** What the directory below a test can be. */
  enum Kind {
    TMPFS,
    EXT4
  }

  static Mount of(Kind kind, Path below, int megabytes) throws IOException {
    boolean root = "root".equals(System.getProperty("user.name"));
    if (!root) {
      System.out.println("skipped: mounting a small " + kind + " needs root");
    }
    Assumptions.assumeTrue(root, "mounting a small file system needs root");
    Path path = Files.createTempDirectory(below, "mount");
    switch (kind) {
      case TMPFS ->
          run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "none", path.toString());
      case EXT4 -> {
        Path image = path.resolveSibling(path.getFileName() + ".image");
        run("truncate", "-s", megabytes + "m", image.toString());
        run("/usr/sbin/mkfs.ext4", "-q", "-O", "^has_journal", image.toString());
        run("mount", "-o", "loop", image.toString(), path.toString());
        run("rmdir", path.resolve("lost+found").toString());
      }
    }
    return new Mount(path);
  }

  void remountReadOnly() throws IOException {
    run("mount", "-o", "remount,ro", path.toString());
  }

  @Override
  public void close() throws IOException {
    run("umount", path.toString());
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.onExit().join().exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said);
    }
  }
}
