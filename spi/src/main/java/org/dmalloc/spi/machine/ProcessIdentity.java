/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.api.MemoryException;

/**
 * What tells a process from a later one of its number, and whose it is.
 *
 * @param startTicks when it started, in clock ticks since the boot
 * @param user the number of its user
 */
public record ProcessIdentity(long startTicks, long user) {
  private static final int START_FIELD = 22;
  private static final String SELF = "self";
  private static final Path NAMESPACE = Path.of("/proc/self/ns/pid");

  /** Of this process. */
  public static ProcessIdentity self() throws MemoryException {
    return of(SELF)
        .orElseThrow(
            () -> MemoryException.of("read", "/proc/self", "it is not there", "mount /proc"));
  }

  /** Of another one; empty if there is none, or {@code /proc} hides it. */
  public static Optional<ProcessIdentity> of(int pid) {
    return of(Integer.toString(pid));
  }

  private static Optional<ProcessIdentity> of(String process) {
    KernelFiles files = KernelFiles.ofThisMachine();
    Optional<ProcessStat> stat = ProcessStat.of(files, process);
    OptionalLong user = files.field("/proc/" + process + "/status", "Uid");
    if (stat.isEmpty() || user.isEmpty()) {
      return Optional.empty();
    }
    OptionalLong start = stat.get().field(START_FIELD);
    return start.isEmpty()
        ? Optional.empty()
        : Optional.of(new ProcessIdentity(start.getAsLong(), user.getAsLong()));
  }

  /** The pid namespace of this process, by its inode, whose numbers have 32 bits. */
  public static int pidNamespace() throws MemoryException {
    try {
      return ((Number) Files.getAttribute(NAMESPACE, "unix:ino")).intValue();
    } catch (IOException e) {
      throw Errno.exception("stat", -1, NAMESPACE.toString(), e);
    }
  }
}
