/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Transient scopes of the user's systemd, which makes and removes the cgroup: for users without
 * privilege. What the cgroup counted cannot be read once its process has ended.
 */
public final class ScopeLimit implements MemoryLimit {
  ScopeLimit() {}

  @Override
  public String description() {
    return "a systemd scope of this user (systemd-run --user --scope)";
  }

  @Override
  public Place create(long byteSize) {
    return new Scope(byteSize);
  }

  /** The command up to the program that it runs. */
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

  private record Scope(long byteSize) implements Place {
    @Override
    public List<String> wrap(List<String> command) {
      List<String> wrapped = new ArrayList<>(prefix(byteSize));
      wrapped.addAll(command);
      return wrapped;
    }

    @Override
    public String peakFile() {
      return "";
    }

    @Override
    public OptionalLong peakBytes() {
      return OptionalLong.empty();
    }

    @Override
    public OptionalLong outOfMemoryKills() {
      return OptionalLong.empty();
    }

    @Override
    public void close() {
      // The scope ends with its process.
    }
  }
}
