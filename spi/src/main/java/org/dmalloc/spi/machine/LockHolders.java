/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Names the processes that hold a lock on a file, from {@code /proc/locks}, as far as it tells. */
public final class LockHolders {
  private static final String LOCKS = "/proc/locks";

  private LockHolders() {}

  public static String describe(Path file) {
    return describe(pids(file));
  }

  /** The processes in words; none are those that this pid namespace does not show. */
  public static String describe(List<Long> pids) {
    return pids.isEmpty()
        ? "in another process"
        : "in process " + String.join(", ", pids.stream().map(LockHolders::name).toList());
  }

  /** Their ids in this pid namespace; without those that it does not show. */
  public static List<Long> pids(Path file) {
    try {
      long device = ((Number) Files.getAttribute(file, "unix:dev")).longValue();
      long inode = ((Number) Files.getAttribute(file, "unix:ino")).longValue();
      // The split of st_dev into major and minor is glibc's, see makedev(3).
      long major = ((device >>> 8) & 0xfff) | ((device >>> 32) & ~0xfffL);
      long minor = (device & 0xff) | ((device >>> 12) & ~0xffL);
      String id = String.format(Locale.ROOT, "%02x:%02x:%d", major, minor, inode);
      return KernelFiles.ofThisMachine().lines(LOCKS).stream()
          .map(line -> line.trim().split("\\s+"))
          .filter(fields -> fields.length > 5 && fields[5].equals(id))
          .map(fields -> Long.valueOf(fields[4]))
          .filter(pid -> pid > 0)
          .distinct()
          .toList();
    } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
      // The refusal itself is certain without the number.
      return List.of();
    }
  }

  private static String name(long pid) {
    return ProcessHandle.of(pid)
        .flatMap(process -> process.info().command())
        .map(command -> pid + " (" + Path.of(command).getFileName() + ")")
        .orElse(Long.toString(pid));
  }
}
