/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/** The JVM's own dump of all threads, the virtual ones included, which Java lists nowhere else. */
final class ThreadDump {
  private static final Logger LOG = System.getLogger(ThreadDump.class.getName());
  private static final String DIAGNOSTIC = "com.sun.management:type=HotSpotDiagnostic";

  /** {@code #25 "name" virtual RUNNABLE 2026-01-31T00:00:00Z}; the name may hold anything. */
  private static final Pattern HEAD = Pattern.compile("#(\\d+) \"(.*)");

  private ThreadDump() {}

  /**
   * Looks for threads in a dump, which goes through a file and takes from milliseconds up to some
   * seconds where there are millions of threads.
   *
   * @return those that were found, in words with name and place; empty if there is no dump
   */
  static Optional<Map<Long, String>> find(Set<Long> threadIds) {
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
          return Optional.of(inWords(lines, threadIds));
        }
      } finally {
        Files.deleteIfExists(dump);
        Files.delete(directory);
      }
    } catch (JMException | IOException | RuntimeException e) {
      // Another JVM, or no room for the file.
      LOG.log(Level.DEBUG, "virtual threads are told by their ids only: {0}", e.toString());
      return Optional.empty();
    }
  }

  private static Map<Long, String> inWords(Stream<String> lines, Set<Long> threadIds) {
    Map<Long, String> words = new HashMap<>();
    long[] current = {-1};
    lines.forEach(
        line -> {
          Matcher head = HEAD.matcher(line);
          if (head.matches()) {
            long id = Long.parseLong(head.group(1));
            boolean wanted = threadIds.contains(id);
            current[0] = wanted ? id : -1;
            if (wanted) {
              words.put(id, nameInWords(head.group(2)) + " (#" + id + ")");
            }
          } else if (current[0] >= 0) {
            String place = line.strip();
            if (place.startsWith("at ")) {
              words.merge(current[0], " in " + place.substring(3), String::concat);
            }
            current[0] = -1; // the first line below the head tells the place
          }
        });
    return words;
  }

  private static String nameInWords(String rest) {
    int end = Math.max(0, rest.lastIndexOf('"')); // none where a line ends in the name
    String kind = rest.startsWith(" virtual", end + 1) ? "virtual thread" : "thread";
    return end == 0 ? kind : kind + " '" + rest.substring(0, end) + "'";
  }
}
