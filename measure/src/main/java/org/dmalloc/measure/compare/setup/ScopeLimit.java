/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.util.List;
import java.util.stream.Stream;

/**
 * Transient scopes of the user's systemd, for users without privilege. systemd creates and removes
 * the cgroup, so its counters cannot be read once its process has ended.
 */
public final class ScopeLimit implements MemoryLimit {
  ScopeLimit() {}

  @Override
  public String description() {
    return "a systemd scope of this user (systemd-run --user --scope)";
  }

  @Override
  public Place create(long byteSize) {
    // The scope ends with its process.
    return command -> Stream.concat(prefix(byteSize).stream(), command.stream()).toList();
  }

  /** The command up to the limited program. */
  static List<String> prefix(long byteSize) {
    return List.of(
        "systemd-run",
        "--user",
        "--scope",
        "--quiet",
        "--collect",
        "-p",
        "MemoryMax=" + byteSize,
        "-p",
        "MemorySwapMax=infinity",
        "--");
  }
}
