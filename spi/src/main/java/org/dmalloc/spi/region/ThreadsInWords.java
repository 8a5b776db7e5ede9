/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Says which threads have certain ids, with name and place, for messages about what they hold up.
 *
 * <p>Java lists platform threads only. Virtual ones are found in the JVM's own thread dump, which
 * goes to a file and takes from milliseconds up to some seconds where there are millions of them:
 * it is made only for ids that are not those of platform threads.
 */
final class ThreadsInWords {
  private ThreadsInWords() {}

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
      ThreadDump.find(others).ifPresent(words::putAll);
    }
    return List.copyOf(words.values());
  }
}
