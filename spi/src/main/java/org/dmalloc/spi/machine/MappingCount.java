/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryException;

/**
 * Keeps the suite from taking the last mappings of the process.
 *
 * <p>A process may have {@code vm.max_map_count} of them, and a JVM that cannot map memory ends
 * itself. So what adds mappings, or splits them, asks here first, and is refused while some
 * thousand are left.
 *
 * <p>To count them is to read all of {@code /proc/self/maps}: a fifth of a millisecond in a small
 * process, some tens of milliseconds near the limit. So a count grants two thousand, and twice as
 * many as the last one if it turns out that most of those were not kept, but no more than half of
 * what is free; an allotment of them costs a single atomic subtraction for each use. What the JVM
 * and others add meanwhile comes from the rest. Only additions are noted: what was closed, or split
 * nothing, shows in the next count.
 *
 * <p>Two versions of this bundle have a copy of this class each. What was granted is one number for
 * all of them, in a system property, under a monitor that all class loaders share.
 */
public final class MappingCount {
  public static final MappingCount OF_PROCESS =
      new MappingCount(KernelFiles.ofThisMachine(), "dmalloc.mappings.granted");

  /** What is left to the JVM, its threads and other libraries, where the limit is not small. */
  static final long RESERVE = 4096;

  /** What one count grants at first: however many others add meanwhile, the reserve covers it. */
  private static final long GRANT = RESERVE / 2;

  /** Each copy may hold as many unused: a few copies stay far within the reserve. */
  private static final long ALLOTMENT = 256;

  private static final String PIECES = ".pieces";

  private final KernelFiles files;
  private final String property;
  private final AtomicLong allotted = new AtomicLong();

  // Of the last count of this copy; guarded by the property's monitor.
  private long lastUsed;
  private long lastGrant = GRANT;

  /** A count over a system property that the copies of one process share. */
  MappingCount(KernelFiles files, String property) {
    this.files = files;
    this.property = property.intern();
  }

  /**
   * Notes that pieces of memory come, each mapped and unmapped alone, which the kernel may have as
   * one mapping: closing every second one of them would make half as many mappings as there are
   * pieces, and nobody is asked then. So no grant takes these.
   *
   * @param count negative for pieces that are gone
   */
  public void addPieces(int count) {
    synchronized (property) {
      System.setProperty(property + PIECES, Long.toString(pieces() + count));
    }
  }

  private long pieces() {
    return Long.getLong(property + PIECES, 0);
  }

  /**
   * Notes mappings that are about to be added.
   *
   * @param operation the call that adds them, for the message
   * @param byteSize the bytes that it is about
   * @param target the file or memory that it is about
   * @param added the most that it can add
   * @throws MemoryException if the process is near its limit; nothing is noted then
   */
  public void add(String operation, long byteSize, String target, int added)
      throws MemoryException {
    if (allotted.addAndGet(-added) < 0) {
      allotted.addAndGet(added);
      grant(operation, byteSize, target, added);
    }
  }

  private synchronized void grant(String operation, long byteSize, String target, int added)
      throws MemoryException {
    if (allotted.get() >= added) { // another thread has been here
      allotted.addAndGet(-added);
      return;
    }
    synchronized (property) {
      long granted = Long.getLong(property, 0);
      if (granted < added) {
        granted = count(operation, byteSize, target, added);
      }
      long allotment = Math.min(granted, Math.max(added, ALLOTMENT));
      System.setProperty(property, Long.toString(granted - allotment));
      allotted.set(allotment - added);
    }
  }

  /** Of a limit of mappings, what is left to the JVM. */
  static long reserve(long limit) {
    return Math.min(RESERVE, limit / 8);
  }

  /** How many mappings the process has; empty if the kernel does not tell. */
  static OptionalLong used(KernelFiles files) {
    return files.lineCount("/proc/self/maps");
  }

  /** Counts, and returns what may be added before the next count. */
  private long count(String operation, long byteSize, String target, int added)
      throws MemoryException {
    OptionalLong limit = Setting.MAX_MAP_COUNT.number(files);
    OptionalLong used = used(files);
    if (limit.isEmpty() || used.isEmpty()) {
      return Long.MAX_VALUE; // the kernel does not tell
    }
    long reserve = reserve(limit.getAsLong());
    long splits = pieces() / 2;
    long free = limit.getAsLong() - reserve - splits - used.getAsLong();
    if (free < added) {
      throw MemoryException.of(
          operation,
          byteSize,
          target,
          String.format(
              Locale.ROOT,
              "the process has %d mappings, and of the %d that vm.max_map_count allows the JVM"
                  + " keeps %d%s",
              used.getAsLong(),
              limit.getAsLong(),
              reserve,
              splits == 0 ? "" : ", and closing small regions may take " + splits),
          "close regions, advise larger pieces, or raise vm.max_map_count (sysctl"
              + " vm.max_map_count=1048576)");
    }
    boolean kept = used.getAsLong() - lastUsed > lastGrant / 2;
    lastUsed = used.getAsLong();
    lastGrant = Math.min(kept ? GRANT : 2 * lastGrant, Math.max(added, free / 2));
    return lastGrant;
  }
}
