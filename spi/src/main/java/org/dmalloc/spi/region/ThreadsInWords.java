/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Says which threads have certain ids, with name and place, for messages about what they hold up.
 *
 * <p>Java lists platform threads only. Virtual ones are found in the JVM's own thread dump, which
 * goes to a file and takes from milliseconds up to some seconds where there are millions of them:
 * it is made only for ids that are not those of platform threads.
 */
final class ThreadsInWords {
  /** {@code #25 "name" virtual RUNNABLE 2026-01-31T00:00:00Z}; the name may hold anything. */
  private static final Pattern HEAD = Pattern.compile("#(\\d+) \"(.*)\" virtual\\b.*");

  private ThreadsInWords() {}

  /** The threads in words, in the order of their ids. */
  static List<String> of(Collection<Long> threadIds) {
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
      addVirtual(others, words);
    }
    return List.copyOf(words.values());
  }

  private static void addVirtual(Collection<Long> threadIds, Map<Long, String> words) {
    ThreadDump.read(lines -> read(lines, threadIds, words));
  }

  private static void read(
      Stream<String> lines, Collection<Long> threadIds, Map<Long, String> words) {
    long[] current = {-1};
    lines.forEach(
        line -> {
          Matcher head = HEAD.matcher(line);
          if (head.matches()) {
            long id = Long.parseLong(head.group(1));
            boolean wanted = threadIds.contains(id);
            current[0] = wanted ? id : -1;
            if (wanted) {
              String name = head.group(2).isEmpty() ? "" : " '" + head.group(2) + "'";
              words.put(id, "virtual thread" + name + " (#" + id + ")");
            }
          } else if (current[0] >= 0) {
            String place = line.strip();
            if (place.startsWith("at ")) {
              words.merge(current[0], " in " + place.substring(3), String::concat);
            }
            current[0] = -1; // the first line below the head tells the place
          }
        });
  }
}
