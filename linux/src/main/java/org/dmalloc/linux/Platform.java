/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.dmalloc.api.MemoryException;

/** Whether this machine is supported, its page sizes and its limits. */
public final class Platform {
  private static final long DEFAULT_HUGE_PAGE_BYTES = 2L << 20;
  private static final Path HUGE_PAGE_FILE =
      Path.of("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");

  private static final Path MEMINFO = Path.of("/proc/meminfo");

  /** Why not, or empty. */
  private static final String REFUSAL =
      probe(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));

  private Platform() {}

  /**
   * Returns normally where this package works.
   *
   * @throws UnsupportedOperationException if not; the message names the system and architecture, or
   *     the missing permission to call native code
   */
  public static void require() {
    if (!REFUSAL.isEmpty()) {
      throw new UnsupportedOperationException(REFUSAL);
    }
  }

  /** The size of a page in bytes. */
  public static long pageSize() {
    require();
    return PageSizes.SMALL;
  }

  /** The size of a huge page in bytes: 2 MiB where the kernel does not say. */
  public static long hugePageSize() {
    require();
    return PageSizes.HUGE;
  }

  /** {@code bytes} rounded up to whole pages. */
  public static long roundUpToPage(long bytes) {
    long page = pageSize();
    return Math.addExact(bytes, page - 1) & -page;
  }

  /** {@code bytes} rounded down to whole pages. */
  public static long roundDownToPage(long bytes) {
    return bytes & -pageSize();
  }

  /**
   * The bytes that this process may lock in RAM (the soft limit RLIMIT_MEMLOCK); {@link
   * Long#MAX_VALUE} for no limit. A process with CAP_IPC_LOCK is not bound by it.
   */
  public static long lockLimitBytes() {
    require();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = arena.allocate(16, 8);
      long result = Libc.getrlimit(Abi.RLIMIT_MEMLOCK, limits);
      if (result < 0) {
        throw new IllegalStateException("getrlimit RLIMIT_MEMLOCK: " + Errno.name((int) -result));
      }
      long soft = limits.get(ValueLayout.JAVA_LONG, 0);
      return soft < 0 ? Long.MAX_VALUE : soft;
    }
  }

  /**
   * The bytes that the kernel could give without killing anyone, by its own estimate: available
   * memory and free swap ({@code /proc/meminfo}). A control group may allow less.
   *
   * @throws MemoryException if {@code /proc/meminfo} cannot be read
   */
  public static long availableMemoryBytes() throws MemoryException {
    require();
    long kib = 0;
    try {
      for (String line : Files.readAllLines(MEMINFO)) {
        if (line.startsWith("MemAvailable:") || line.startsWith("SwapFree:")) {
          String value = line.substring(line.indexOf(':') + 1).strip();
          kib += Long.parseLong(value, 0, value.indexOf(' '), 10);
        }
      }
    } catch (IOException e) {
      throw MemoryException.of(
          "read",
          -1,
          MEMINFO.toString(),
          String.valueOf(e.getMessage()),
          MemoryException.NO_ERRNO,
          "mount /proc",
          e);
    }
    return kib * 1024;
  }

  static String probe(String osName, String architecture) {
    if (!osName.toLowerCase(Locale.ROOT).equals("linux") || !Abi.knows(architecture)) {
      return String.format(
          Locale.ROOT,
          "needs Linux on x86-64 or aarch64, and this is %s on %s; use the filechannel backend",
          osName,
          architecture);
    }
    try {
      Libc.initialize();
      return "";
    } catch (ExceptionInInitializerError e) {
      return String.format(
          Locale.ROOT,
          "native calls are not allowed or not found: %s; start Java with --enable-native-access",
          e.getCause());
    }
  }

  private static final class PageSizes {
    static final long SMALL = Libc.sysconf(Abi.SC_PAGESIZE);
    static final long HUGE = readHugePageSize();

    private static long readHugePageSize() {
      try {
        return Long.parseLong(Files.readString(HUGE_PAGE_FILE).trim());
      } catch (IOException | NumberFormatException e) {
        // A kernel without transparent huge pages has no such file; the size then only aligns.
        return DEFAULT_HUGE_PAGE_BYTES;
      }
    }
  }
}
