/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** Measures the disk below a file without the page cache or a mapping. */
public interface RawDisk {
  /** One request at a time, the most that a faulting thread can have under way. */
  int DEPTH_ONE = 1;

  /** The depth at which disks reach their full rate. */
  int DEPTH_MANY = 32;

  /**
   * Measures one pattern. An interrupt of the calling thread ends the measurement at once, with all
   * processes and threads of it.
   *
   * @param file an existing file of at least one block; a pattern that writes replaces its content
   *     but not its size
   * @param queueDepth requests under way at a time
   * @throws IOException if this method does not work here; the message says why
   */
  RawFigure measure(Path file, RawPattern pattern, int queueDepth, Duration time)
      throws IOException, InterruptedException;
}
