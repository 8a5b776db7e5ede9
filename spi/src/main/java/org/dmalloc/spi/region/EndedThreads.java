/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

/**
 * Finds out which threads have ended, for certain: ids are never used twice in a JVM, so that a
 * thread that is in no list of living ones has.
 *
 * <p>Java can be asked about platform threads. Virtual ones are in the JVM's dump only, and even
 * there some may be missing ({@code jdk.trackAllThreads}): so a virtual thread that lives is looked
 * for first, and if it is missing nobody is taken for ended.
 */
final class EndedThreads {
  private EndedThreads() {}

  /** Those that have ended; none where that cannot be found out. */
  static Set<Long> among(Collection<Long> threadIds) {
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
      Set<Long> living = ThreadDump.find(wanted).map(Map::keySet).orElse(Set.of());
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
}
