/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;

/**
 * What statfs(2) tells about a mounted file system.
 *
 * @param type its type, from its magic number; the number in hexadecimal if this class knows no
 *     name
 * @param totalBytes its size
 * @param availableBytes what an unprivileged user may still take
 * @param readOnly whether it is mounted read-only
 */
public record FileSystem(String type, long totalBytes, long availableBytes, boolean readOnly) {
  /** The type whose files have no place but RAM and swap. */
  public static final String IN_MEMORY = "tmpfs";

  private static final long STRUCT_BYTES = 120;

  /** What the number that ext2, ext3 and ext4 share stands for where nothing tells more. */
  private static final String EXT = "ext4";

  /** From linux/magic.h and the file systems' own sources. */
  private static final Map<Integer, String> TYPES =
      Map.ofEntries(
          Map.entry(0xEF53, EXT),
          Map.entry(0x58465342, "xfs"),
          Map.entry(0x9123683E, "btrfs"),
          Map.entry(0xCA451A4E, "bcachefs"),
          Map.entry(0xF2F52010, "f2fs"),
          Map.entry(0x2FC12FC1, "zfs"),
          Map.entry(0x01021994, IN_MEMORY),
          Map.entry(0x858458F6, "ramfs"),
          Map.entry(0x958458F6, "hugetlbfs"),
          Map.entry(0x794C7630, "overlay"),
          Map.entry(0x6969, "nfs"),
          Map.entry(0xFF534D42, "cifs"),
          Map.entry(0xFE534D42, "smb2"),
          Map.entry(0x65735546, "fuse"),
          Map.entry(0x01021997, "9p"),
          Map.entry(0x00C36400, "ceph"),
          Map.entry(0x01161970, "gfs2"),
          Map.entry(0x7461636F, "ocfs2"),
          Map.entry(0x3153464A, "jfs"),
          Map.entry(0x3434, "nilfs"),
          Map.entry(0x4D44, "vfat"),
          Map.entry(0x2011BAB0, "exfat"),
          Map.entry(0x7366746E, "ntfs"),
          Map.entry(0x73717368, "squashfs"),
          Map.entry(0xE0F5E1E2, "erofs"),
          Map.entry(0x9660, "iso9660"),
          Map.entry(0x9FA0, "proc"),
          Map.entry(0x62656572, "sysfs"));

  /** The file system that holds an existing path. */
  public static FileSystem of(Path path) throws MemoryException {
    Platform.require();
    String target = path.toString();
    int fd =
        (int) Libc.check("statfs", -1, target, Libc.open(target, Abi.O_PATH | Abi.O_CLOEXEC, 0));
    try {
      return of(fd, target);
    } finally {
      Libc.close(fd);
    }
  }

  /**
   * Waits until the device has all that was written to the file system that holds a directory, by
   * whomever (syncfs).
   *
   * @throws MemoryException if there is no such directory, or the device refuses a write, which
   *     Linux tells since 5.8
   */
  public static void sync(Path directory) throws MemoryException {
    Platform.require();
    String target = directory.toString();
    int flags = Abi.O_RDONLY | Abi.O_DIRECTORY | Abi.O_CLOEXEC;
    int fd = (int) Libc.check("syncfs", -1, target, Libc.open(target, flags, 0));
    try {
      Libc.check("syncfs", -1, target, Libc.syncfs(fd));
    } finally {
      Libc.close(fd);
    }
  }

  static FileSystem of(int fd, String target) throws MemoryException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment facts = arena.allocate(STRUCT_BYTES, 8);
      Libc.check("fstatfs", -1, target, Libc.fstatfs(fd, facts));
      FileSystem found = read(facts);
      return found.type.equals(EXT)
          ? new FileSystem(
              extOf(fd, facts.get(ValueLayout.JAVA_LONG, 56)),
              found.totalBytes,
              found.availableBytes,
              found.readOnly)
          : found;
    }
  }

  /** A file system as it is mounted: another one on the same device has another number. */
  private record Mounted(long device, long fileSystemId) {}

  /** Of those that were met: to read the list of all mounts takes a tenth of a millisecond. */
  private static final Map<Mounted, String> EXT_TYPES = new ConcurrentHashMap<>();

  private static String extOf(int fd, long fileSystemId) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = arena.allocate(FileFacts.STRUCT_BYTES, 8);
      if (Libc.statx(fd, statx) < 0) {
        return EXT;
      }
      long device = FileFacts.read(statx).device();
      return EXT_TYPES.computeIfAbsent(
          new Mounted(device, fileSystemId), mounted -> extOf(mounted.device));
    }
  }

  /** Which of the three it is: the one that its device is mounted as. */
  private static String extOf(long device) {
    String number = String.format(Locale.ROOT, "%d:%d", device >>> 32, device & 0xFFFF_FFFFL);
    return Mount.all(KernelFiles.ofThisMachine()).stream()
        .filter(mount -> mount.device().equals(number) && mount.type().startsWith("ext"))
        .map(Mount::type)
        .findFirst()
        .orElse(EXT);
  }

  /** Reads struct statfs as 64-bit architectures have it: type, bsize, blocks, bfree, bavail … */
  private static FileSystem read(MemorySegment facts) {
    int magic = (int) facts.get(ValueLayout.JAVA_LONG, 0);
    long blockBytes = facts.get(ValueLayout.JAVA_LONG, 8);
    return new FileSystem(
        TYPES.getOrDefault(magic, String.format(Locale.ROOT, "0x%x", magic)),
        facts.get(ValueLayout.JAVA_LONG, 16) * blockBytes,
        facts.get(ValueLayout.JAVA_LONG, 32) * blockBytes,
        (facts.get(ValueLayout.JAVA_LONG, 80) & Abi.ST_RDONLY) != 0);
  }
}
