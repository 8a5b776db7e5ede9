/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.util.Set;

/**
 * Numbers of the kernel's binary interface. Those that differ between architectures are chosen when
 * the class is loaded; all others are the same on x86-64 and aarch64.
 */
final class Abi {
  private static final Set<String> X86_64 = Set.of("amd64", "x86_64");
  private static final Set<String> AARCH64 = Set.of("aarch64", "arm64");
  private static final boolean ARM = AARCH64.contains(System.getProperty("os.arch", ""));

  // asm/fcntl.h: aarch64 has its own numbers for O_DIRECTORY and O_NOFOLLOW.
  static final int O_RDONLY = 0;
  static final int O_RDWR = 2;
  static final int O_CREAT = 0x40;
  static final int O_EXCL = 0x80;
  static final int O_PATH = 0x200000;
  static final int O_CLOEXEC = 0x80000;
  static final int O_DIRECT = ARM ? 0x10000 : 0x4000;
  static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;
  static final int O_NOFOLLOW = ARM ? 0x8000 : 0x20000;
  static final int O_TMPFILE = 0x400000 | O_DIRECTORY;

  // System calls without a function in every libc. Numbers from 424 on are the same everywhere.
  static final long SYS_FUTEX = ARM ? 98 : 202;
  static final long SYS_USERFAULTFD = ARM ? 282 : 323;
  static final long SYS_MLOCK2 = ARM ? 284 : 325;
  static final long SYS_STATX = ARM ? 291 : 332;
  static final long SYS_PIDFD_OPEN = 434;
  static final long SYS_PROCESS_MADVISE = 440;
  static final long SYS_CACHESTAT = 451;

  // Without FUTEX_PRIVATE_FLAG: the word is one of the file, not of an address space.
  static final int FUTEX_WAIT = 0;
  static final int FUTEX_WAKE = 1;

  static final int PROT_NONE = 0;
  static final int PROT_READ = 1;
  static final int PROT_WRITE = 2;
  static final int MAP_SHARED = 1;
  static final int MAP_PRIVATE = 2;
  static final int MAP_SHARED_VALIDATE = 3;
  static final int MAP_FIXED = 0x10;
  static final int MAP_ANONYMOUS = 0x20;
  static final int MAP_NORESERVE = 0x4000;
  static final int MAP_FIXED_NOREPLACE = 0x100000;
  static final int MAP_SYNC = 0x80000;
  static final int MREMAP_MAYMOVE = 1;
  static final int MREMAP_FIXED = 2;

  static final int O_NONBLOCK = 0x800;
  static final int UFFD_USER_MODE_ONLY = 1;

  static final int MS_SYNC = 4;
  static final int MLOCK_ONFAULT = 1;
  static final int POSIX_FADV_DONTNEED = 4;
  static final int SYNC_FILE_RANGE_WAIT_BEFORE = 1;
  static final int IOV_MAX = 1024;

  static final int MFD_CLOEXEC = 1;
  static final int MFD_ALLOW_SEALING = 2;
  static final int MFD_NOEXEC_SEAL = 8;
  static final int F_SETPIPE_SZ = 1031;
  static final int F_ADD_SEALS = 1033;
  static final int F_GET_SEALS = 1034;
  static final int F_SEAL_SEAL = 1;
  static final int F_SEAL_SHRINK = 2;
  static final int F_SEAL_GROW = 4;

  static final int FALLOC_FL_KEEP_SIZE = 1;
  static final int FALLOC_FL_PUNCH_HOLE = 2;
  static final int FALLOC_FL_ZERO_RANGE = 16;

  /** _IOW(0x94, 13, struct file_clone_range), linux/fs.h. */
  static final long FICLONERANGE = 0x4020940DL;

  static final int AT_EMPTY_PATH = 0x1000;
  static final int STATX_BASIC_STATS = 0x7ff;
  static final int RLIMIT_MEMLOCK = 8;
  static final int SC_PAGESIZE = 30;
  static final long ST_RDONLY = 1;

  private Abi() {}

  static boolean knows(String architecture) {
    return X86_64.contains(architecture) || AARCH64.contains(architecture);
  }
}
