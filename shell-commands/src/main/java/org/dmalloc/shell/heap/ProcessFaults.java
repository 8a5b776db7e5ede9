/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Page faults of this process since it began: proc(5), the fields minflt and majflt.
 *
 * @param minor those that needed no device
 * @param major those that waited for one
 */
record ProcessFaults(long minor, long major) {
  private static final Path STAT = Path.of("/proc/self/stat");

  /** Of the fields behind the command's name, which is in parentheses and may have blanks. */
  private static final int MINOR = 7;

  private static final int MAJOR = 9;

  /** The counts now; null where the system has none. */
  static @Nullable ProcessFaults now() {
    try {
      String line = Files.readString(STAT);
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      return new ProcessFaults(Long.parseLong(fields[MINOR]), Long.parseLong(fields[MAJOR]));
    } catch (IOException e) {
      return null; // no Linux: the output leaves them out
    }
  }

  /** Those since an earlier moment. */
  ProcessFaults since(ProcessFaults before) {
    return new ProcessFaults(minor - before.minor, major - before.major);
  }
}
