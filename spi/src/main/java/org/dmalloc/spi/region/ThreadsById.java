/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Finds threads by their ids, which are never used twice in a JVM.
 *
 * <p>Java lists platform threads only. Virtual ones are in the JVM's own thread dump, which goes to
 * a file and takes from milliseconds up to some seconds where there are millions of them: it is
 * made only for ids that are not those of platform threads.
 */
final class ThreadsById {
  private static final Logger LOG = System.getLogger(ThreadsById.class.getName());
  private static final String DIAGNOSTIC = "com.sun.management:type=HotSpotDiagnostic";

  /** {@code #25 "name" virtual RUNNABLE 2026-01-31T00:00:00Z}; the name may hold anything. */
  private static final Pattern HEAD = Pattern.compile("#(\\d+) \"(.*)");

  private ThreadsById() {}

  /** The threads with name and place, in the order of their ids, for messages. */
  static List<String> inWords(Collection<Long> threadIds) {
    Map<Long, String> words = new TreeMap<>();
    for (Map.Entry<Thread, StackTraceElement[]> each : Thread.getAllStackTraces().entrySet()) {
      long id = each.getKey().threadId();
      if (threadIds.contains(id)) {
        StackTraceElement[] stack = each.getValue();
        String place = stack.length == 0 ? "" : " in " + stack[0];
        words.put(id, "thread '" + each.getKey().getName() + "' (#" + id + ")" + place);
      }
    }
    TreeSet<Long> others = new TreeSet<>(threadIds);
    others.removeAll(words.keySet());
    if (!others.isEmpty()) {
      others.forEach(id -> words.put(id, "virtual or ended thread #" + id));
      dumped(others).ifPresent(words::putAll);
    }
    return List.copyOf(words.values());
  }

  /**
   * Those that have ended for certain, as they are in no list of living ones; none where that
   * cannot be found out. Some virtual threads may be missing in a dump ({@code
   * jdk.trackAllThreads}): so no thread counts as ended unless the dump has a virtual thread that
   * lives for this.
   */
  static Set<Long> ended(Collection<Long> threadIds) {
    Set<Long> left = new TreeSet<>(threadIds);
    long[] ids = left.stream().mapToLong(Long::longValue).toArray();
    for (ThreadInfo alive : ManagementFactory.getThreadMXBean().getThreadInfo(ids)) {
      if (alive != null) {
        left.remove(alive.getThreadId());
      }
    }
    if (left.isEmpty()) {
      return left;
    }
    Witness witness = new Witness();
    try {
      Set<Long> wanted = new TreeSet<>(left);
      wanted.add(witness.thread.threadId());
      Set<Long> living = dumped(wanted).map(Map::keySet).orElse(Set.of());
      left.removeAll(living);
      return living.contains(witness.thread.threadId()) ? left : Set.of();
    } finally {
      witness.end();
    }
  }

  /** A virtual thread that lives until it is told to end. */
  private static final class Witness {
    private volatile boolean ended;
    private final Thread thread =
        Thread.startVirtualThread(
            () -> {
              while (!ended) {
                LockSupport.park(this);
              }
            });

    void end() {
      ended = true;
      LockSupport.unpark(thread);
    }
  }

  /** The words for those that are in a new dump; empty if none can be made. */
  private static Optional<Map<Long, String>> dumped(Set<Long> threadIds) {
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
          return Optional.of(read(lines, threadIds));
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

  private static Map<Long, String> read(Stream<String> lines, Set<Long> threadIds) {
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
