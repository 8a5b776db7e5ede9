/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What this process has written, by {@code /proc/self/io}.
 *
 * @param calls by system calls
 * @param dirtied in pages that became dirty; a store to a mapped page counts here alone. A large
 *     folio counts as a whole
 */
record WrittenBytes(long calls, long dirtied) {
  private static final Path ACCOUNT = Path.of("/proc/self/io");

  static WrittenBytes now() throws IOException {
    long calls = -1;
    long dirtied = -1;
    for (String line : Files.readAllLines(ACCOUNT)) {
      if (line.startsWith("wchar: ")) {
        calls = Long.parseLong(line.substring("wchar: ".length()));
      } else if (line.startsWith("write_bytes: ")) {
        dirtied = Long.parseLong(line.substring("write_bytes: ".length()));
      }
    }
    if (calls < 0 || dirtied < 0) {
      throw new IOException(ACCOUNT + ": no wchar or write_bytes; the kernel needs TASK_XACCT");
    }
    return new WrittenBytes(calls, dirtied);
  }

  WrittenBytes since(WrittenBytes before) {
    return new WrittenBytes(calls - before.calls, dirtied - before.dirtied);
  }
}
