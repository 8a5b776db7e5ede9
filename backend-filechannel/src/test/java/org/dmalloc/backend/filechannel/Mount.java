/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A small file system for one test, unmounted at its end; skips the test without root. */
record Mount(Path path) implements AutoCloseable {
  static Mount tmpfs(Path below, String options) throws IOException {
    boolean root = "root".equals(System.getProperty("user.name"));
    if (!root) {
      System.out.println("skipped: mounting a small tmpfs needs root");
    }
    Assumptions.assumeTrue(root, "mounting a small tmpfs needs root");
    Path path = Files.createTempDirectory(below, "mount");
    run("mount", "-t", "tmpfs", "-o", options, "dmalloc-test", path.toString());
    return new Mount(path);
  }

  void remountReadOnly() throws IOException {
    run("mount", "-o", "remount,ro", path.toString());
  }

  @Override
  public void close() throws IOException {
    run("umount", "-l", path.toString());
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.onExit().join().exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said);
    }
  }
}
