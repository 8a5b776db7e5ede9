/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/** The JVM's own dump of all threads, the virtual ones included, which Java lists nowhere else. */
final class ThreadDump {
  private static final Logger LOG = System.getLogger(ThreadDump.class.getName());
  private static final String DIAGNOSTIC = "com.sun.management:type=HotSpotDiagnostic";

  private ThreadDump() {}

  /**
   * Makes a dump, which goes through a file and takes from milliseconds up to some seconds where
   * there are millions of threads.
   *
   * @param reader is given its lines
   * @return false if there is none, and the reader was not called
   */
  static boolean read(Consumer<Stream<String>> reader) {
    try {
      Path directory = Files.createTempDirectory("dmalloc-threads");
      Path dump = directory.resolve("dump"); // must not exist yet
      try {
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName(DIAGNOSTIC),
                "dumpThreads",
                new Object[] {dump.toString(), "TEXT_PLAIN"},
                new String[] {String.class.getName(), String.class.getName()});
        try (Stream<String> lines = Files.lines(dump)) {
          reader.accept(lines);
          return true;
        }
      } finally {
        Files.deleteIfExists(dump);
        Files.delete(directory);
      }
    } catch (JMException | IOException | RuntimeException e) {
      // Another JVM, or no room for the file.
      LOG.log(Level.DEBUG, "virtual threads are told by their ids only: {0}", e.toString());
      return false;
    }
  }
}
