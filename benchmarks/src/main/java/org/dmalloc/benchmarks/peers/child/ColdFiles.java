/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.Residency;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MappingKind;
import org.dmalloc.linux.OpenFile;

/** Drops the files of a closed store from the page cache, and checks that they are dropped. */
public final class ColdFiles {
  /** A fraction of the files' size: pages in the kernel's batches for the LRU lists may stay. */
  private static final int TOLERATED_SHARE = 100;

  private static final long LIMIT_NANOS = 20_000_000_000L;
  private static final long RETRY_NANOS = 5_000_000;

  private ColdFiles() {}

  /**
   * Writes back and drops all cached pages of the files in a directory. Throws an {@link
   * IOException} if more than a hundredth stays, because a process maps it.
   */
  public static void drop(Path directory) throws IOException {
    long deadline = System.nanoTime() + LIMIT_NANOS;
    for (long kept = dropOnce(directory); kept > 0; kept = dropOnce(directory)) {
      if (System.nanoTime() > deadline) {
        throw new IOException(
            kept + " bytes of " + directory + " stay in RAM, so that nothing there starts cold");
      }
      // A library that leaves its mapping to the garbage collector holds the pages until then.
      System.gc();
      LockSupport.parkNanos(RETRY_NANOS);
    }
  }

  /** The bytes that stayed in RAM; 0 if they are few enough. */
  private static long dropOnce(Path directory) throws IOException {
    long total = 0;
    long resident = 0;
    for (Path file : files(directory)) {
      long size = Files.size(file);
      if (size > 0) {
        try (OpenFile open = OpenFile.open(file, AccessMode.READ_ONLY)) {
          open.sync();
          open.dropCachedPages(0, size);
        }
        total += size;
        resident += residency(file).residentBytes();
      }
    }
    return resident > total / TOLERATED_SHARE ? resident : 0;
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  /** The cached and dirty pages of a file, for all processes. */
  public static Residency residency(Path file) throws IOException {
    try (OpenFile open = OpenFile.open(file, AccessMode.READ_ONLY);
        Mapping mapping =
            Mapping.ofFile(open, 0, Files.size(file), MappingKind.READ_ONLY, PageSize.DEFAULT)) {
      return mapping.residency(0, mapping.byteSize());
    }
  }
}
