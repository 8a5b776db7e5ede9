/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The numbers of a process's {@code stat}, counted as in proc_pid_stat(5). */
public final class ProcessStat {
  /** The first field behind the command's name, which may hold blanks and parentheses. */
  private static final int FIRST = 3;

  private final List<String> fields;

  private ProcessStat(List<String> fields) {
    this.fields = fields;
  }

  /** Those of a process (a number, {@code self}, {@code thread-self}); empty if there is none. */
  public static Optional<ProcessStat> of(KernelFiles files, String process) {
    return files
        .text("/proc/" + process + "/stat")
        .map(text -> text.substring(text.lastIndexOf(')') + 1).strip().split("\\s+", -1))
        .map(fields -> new ProcessStat(List.of(fields)));
  }

  /** A number, from field 4 on; empty if this kernel does not tell it. */
  public OptionalLong field(int number) {
    int index = number - FIRST;
    return index < fields.size()
        ? OptionalLong.of(Long.parseLong(fields.get(index)))
        : OptionalLong.empty();
  }
}
