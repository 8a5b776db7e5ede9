/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.dmalloc.spi.machine.Errno;

/** How often this process met a page that had to be read, as getrusage(2) counts it. */
public final class ProcessFaults {
  private static final int RUSAGE_SELF = 0;
  private static final long STRUCT_BYTES = 144;
  private static final long MAJOR_OFFSET = 72;

  private ProcessFaults() {}

  /** Page faults of all threads so far that waited for a read; takes about a microsecond. */
  public static long major() {
    Platform.require();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment usage = arena.allocate(STRUCT_BYTES, 8);
      long result = Libc.getrusage(RUSAGE_SELF, usage);
      if (result < 0) {
        throw new IllegalStateException("getrusage: " + Errno.name((int) -result));
      }
      return usage.get(ValueLayout.JAVA_LONG, MAJOR_OFFSET);
    }
  }
}
