/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A limit of this process (setrlimit(2)) at which a start may fail.
 *
 * @param words the system's or the JVM's message at the limit
 * @param row the start of its line in {@code /proc/self/limits}
 * @param option the option of the shell's {@code ulimit}
 */
record ProcessLimit(String words, String row, String option) {
  private static final Path OF_PROCESS = Path.of("/proc/self/limits");

  private static final List<ProcessLimit> ALL =
      List.of(
          new ProcessLimit("Too many open files", "Max open files", "-n"),
          new ProcessLimit("File too large", "Max file size", "-f"),
          new ProcessLimit("OutOfMemoryError", "Max address space", "-v"),
          new ProcessLimit("Cannot allocate memory", "Max address space", "-v"),
          new ProcessLimit("unable to create native thread", "Max processes", "-u"));

  /** The next step after a failure, with {@code "; "} in front; empty if no limit explains it. */
  static String nextStep(String failure) {
    List<String> rows;
    try {
      rows = Files.readAllLines(OF_PROCESS);
    } catch (IOException e) {
      rows = List.of(); // none can be named
    }
    return nextStep(failure, rows);
  }

  static String nextStep(String failure, List<String> rows) {
    for (ProcessLimit limit : ALL) {
      if (failure.contains(limit.words)) {
        for (String row : rows) {
          String value = row.startsWith(limit.row) ? limit.value(row) : "unlimited";
          if (!value.equals("unlimited")) {
            return limit.step(value);
          }
        }
      }
    }
    return "";
  }

  /** The soft limit and its unit. */
  private String value(String line) {
    String[] columns = line.substring(row.length()).strip().split("\\s+", -1);
    return columns[0].equals("unlimited") ? columns[0] : columns[0] + " " + columns[2];
  }

  private String step(String value) {
    String name = row.substring("Max ".length());
    return "; raise the limit of " + name + ", which is " + value + " (ulimit " + option + ")";
  }
}
