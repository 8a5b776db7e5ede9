/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * What matters to a store about the file system below it.
 *
 * @param type the kind, as the system names it: {@code ext4}, {@code xfs} …
 * @param usableBytes free for this user
 * @param totalBytes its size
 * @param posix whether files have a mode
 */
record FileSystemFacts(String type, long usableBytes, long totalBytes, boolean posix) {
  /** Once written or allocated, a block is overwritten in place. */
  private static final Set<String> RESERVES =
      Set.of("ext2", "ext3", "ext4", "xfs", "tmpfs", "f2fs", "vfat", "exfat", "ntfs3");

  /** Each overwrite takes a new block, or zeros are compressed away. */
  private static final Set<String> COPIES_ON_WRITE = Set.of("btrfs", "zfs", "bcachefs", "nilfs2");

  private static final Set<String> REFLINKS = Set.of("btrfs", "xfs", "bcachefs", "zfs", "ocfs2");

  static FileSystemFacts of(Path directory) throws IOException {
    FileStore store = Files.getFileStore(directory);
    return new FileSystemFacts(
        store.type(),
        store.getUsableSpace(),
        store.getTotalSpace(),
        store.supportsFileAttributeView("posix"));
  }

  /** Whether reserved space is certain to take later stores. */
  enum Reserving {
    HOLDS,
    DOES_NOT_HOLD,
    UNKNOWN
  }

  Reserving reserving() {
    if (COPIES_ON_WRITE.contains(type)) {
      return Reserving.DOES_NOT_HOLD;
    }
    return RESERVES.contains(type) ? Reserving.HOLDS : Reserving.UNKNOWN;
  }

  /** Whether files of this kind of file system can share blocks; xfs can be made without. */
  boolean mayReflink() {
    return REFLINKS.contains(type);
  }
}
