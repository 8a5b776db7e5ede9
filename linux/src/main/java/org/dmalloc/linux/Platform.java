/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Setting;

/** Whether this machine is supported, its page sizes and its limits. */
public final class Platform {
  private static final long DEFAULT_HUGE_PAGE_BYTES = 2L << 20;

  /** Why this machine is not supported; empty if it is. */
  private static final String UNSUPPORTED =
      probe(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));

  private Platform() {}

  /**
   * Returns normally where this package works.
   *
   * @throws UnsupportedOperationException if not; the message names the system and architecture, or
   *     the missing permission to call native code
   */
  public static void require() {
    if (!UNSUPPORTED.isEmpty()) {
      throw new UnsupportedOperationException(UNSUPPORTED);
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

  /** The next step where that limit is met. */
  public static String lockLimitStep() {
    return "RLIMIT_MEMLOCK is "
        + lockLimitBytes()
        + " bytes for all of the process; raise it (ulimit -l, LimitMEMLOCK=)";
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
      return "native calls are not allowed or not found: "
          + e.getCause()
          + "; start Java with --enable-native-access";
    }
  }

  private static final class PageSizes {
    static final long SMALL = Libc.sysconf(Abi.SC_PAGESIZE);

    // A kernel without transparent huge pages has no such file; the size then only aligns.
    static final long HUGE =
        Setting.hugePages("hpage_pmd_size")
            .number(KernelFiles.ofThisMachine())
            .orElse(DEFAULT_HUGE_PAGE_BYTES);
  }
}
