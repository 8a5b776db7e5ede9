/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** A way to measure the disk below a file with nothing between: no page cache, no mapping. */
public interface RawDisk {
  /** The depth of one request at a time, which one thread that faults can reach at best. */
  int DEPTH_ONE = 1;

  /** The depth at which disks show what they can. */
  int DEPTH_MANY = 32;

  /**
   * Measures one pattern. Interrupting the calling thread ends it at once, and every process and
   * thread that it started.
   *
   * @param file an existing file of at least one block; a pattern that writes replaces its content
   *     but not its size
   * @param queueDepth requests under way at a time
   * @throws IOException if this way does not work here; the message says why
   */
  RawFigure measure(Path file, RawPattern pattern, int queueDepth, Duration time)
      throws IOException, InterruptedException;
}
