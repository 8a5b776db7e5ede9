/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * What of the suite's is left in this process when all regions are closed: mappings and descriptors
 * of files in a directory, of memfds and of /dev/zero, threads, and regions that a provider lists.
 */
final class OwnLeaks {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final long RETRY_NANOS = 20_000_000;
  private static final String THREADS = "dmalloc";

  /** More than the JVM itself makes meanwhile; a mapping left by each act is far more. */
  private static final int MORE_MAPPINGS = 400;

  private final KernelFiles files = KernelFiles.ofThisMachine();
  private final Path disk;
  private final int mappingsBefore;

  /** Counts what is there before the first act. */
  OwnLeaks(Path disk) throws MemoryException {
    this.disk = disk;
    mappingsBefore = mappings().size();
  }

  private List<String> mappings() {
    return files.lines("/proc/self/maps");
  }

  /** The regions that providers list, which have all been closed. */
  static List<String> regions(Suite suite) {
    List<String> leaks = new ArrayList<>();
    for (String name : suite.names()) {
      suite.provider(name).regions().forEach(region -> leaks.add("region " + region.info()));
    }
    return leaks;
  }

  /**
   * What is left when the suite has stopped: a provider keeps an empty slab of each kind until
   * then. Threads that end by themselves are waited for.
   */
  List<String> afterStop() throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    List<String> leaks = lookAfterStop();
    while (!leaks.isEmpty() && deadline - System.nanoTime() > 0) {
      LockSupport.parkNanos(RETRY_NANOS);
      leaks = lookAfterStop();
    }
    return leaks;
  }

  private List<String> lookAfterStop() throws IOException {
    List<String> leaks = new ArrayList<>();
    List<String> mappings = mappings();
    for (String mapping : mappings) {
      if (isOurs(mapping)) {
        leaks.add("mapping " + mapping);
      }
    }
    if (mappings.size() > mappingsBefore + MORE_MAPPINGS) {
      leaks.add(mappings.size() + " mappings, and there were " + mappingsBefore);
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path each : all) {
        try {
          String target = Files.readSymbolicLink(each).toString();
          if (isOurs(target)) {
            leaks.add("descriptor of " + target);
          }
        } catch (NoSuchFileException e) {
          // That of the directory itself, or one that was closed meanwhile.
        }
      }
    }
    TreeMap<String, Thread> threads = new TreeMap<>();
    Thread.getAllStackTraces().keySet().forEach(thread -> threads.put(thread.getName(), thread));
    threads.forEach(
        (name, thread) -> {
          if (name.startsWith(THREADS) && !name.startsWith(Worker.THREADS)) {
            leaks.add("thread " + name);
          }
        });
    return leaks;
  }

  private boolean isOurs(String line) {
    return line.contains(disk + "/") || line.contains("/memfd:") || line.contains("/dev/zero");
  }
}
