/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.dmalloc.linux.OpenDirectory;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The allocator of a fork, which all of its threads use. */
@State(Scope.Benchmark)
public class MeasuredAllocator {
  /** Where files go; the driver gives a directory on a disk. */
  static final String DIRECTORY_PROPERTY = "dmalloc.heap.directory";

  static final String SEED_PROPERTY = "dmalloc.heap.seed";

  /** A label of {@link Contender}. */
  @Param("heap-anon")
  private String contender = "";

  private Path directory;
  private Allocator allocator;

  @Setup(Level.Trial)
  public void open() throws IOException {
    Path parent = Path.of(System.getProperty(DIRECTORY_PROPERTY, "")).toAbsolutePath();
    directory = Files.createTempDirectory(parent, "dmalloc-heap");
    allocator =
        Contender.valueOf(contender.toUpperCase(Locale.ROOT).replace('-', '_')).open(directory);
  }

  Blocks blocks(int slots) throws IOException {
    return allocator.blocks(slots);
  }

  static long seed() {
    return Long.getLong(SEED_PROPERTY, 42);
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    try {
      allocator.close();
    } finally {
      OpenDirectory.delete(directory);
    }
  }
}
