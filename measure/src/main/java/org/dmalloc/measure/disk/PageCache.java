/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Drops the pages of files that are not mapped from the kernel's cache, without privilege. It runs
 * dd(1) of GNU coreutils, whose {@code nocache} flag is posix_fadvise(POSIX_FADV_DONTNEED), a call
 * that Java does not have.
 */
public record PageCache(String program) {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /**
   * Writes the file's dirty pages to the disk and asks the kernel to drop all of its pages. The
   * caller checks the effect. Returns empty after the request, else why it failed and what would
   * help.
   */
  public Optional<String> drop(Path file) throws InterruptedException {
    List<String> command =
        List.of(
            program,
            "of=" + file.toAbsolutePath(),
            "oflag=nocache",
            "conv=notrunc,fdatasync,nocreat",
            "count=0");
    try {
      ExternalProgram.run(command, LIMIT);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(e.getMessage() + "; dd of GNU coreutils can drop a file's cache");
    }
  }
}
