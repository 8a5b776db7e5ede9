/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * An ext4 with less behind it than it promises, as on thin-provisioned storage, so that pages
 * cannot be written although their space is reserved: Linux, and root. The device is a sparse file
 * on a small tmpfs.
 *
 * {@snippet :
 * try (ThinFileSystem disk = ThinFileSystem.mount(directory, 128 << 20, 40 << 20)) {
 *   // … store more than 40 MiB
 *   disk.exhaust();
 *   // … what meets write-back that fails
 *   disk.supply(200 << 20);
 * }
 * }
 */
public final class ThinFileSystem implements AutoCloseable {
  private static final long RELEASE_NANOS = 10_000_000_000L;
  private static final long RETRY_NANOS = 20_000_000;

  private final Path backing;
  private final Path directory;
  private boolean mounted;

  private ThinFileSystem(Path backing) {
    this.backing = backing;
    this.directory = backing.resolve("mount");
  }

  /**
   * Mounts an empty one. Without root the test is skipped, and says so.
   *
   * @param below an existing directory; all of it is made in a new one below it
   * @param promisedBytes what the file system believes to have
   * @param backedBytes what there is
   * @throws IOException if it cannot be made; nothing is left mounted then
   */
  public static ThinFileSystem mount(Path below, long promisedBytes, long backedBytes)
      throws IOException {
    Skip.unlessRoot("mounting a small file system");
    Path backing = Files.createTempDirectory(below, "thin");
    String size = "size=" + backedBytes;
    SmallFileSystem.run("mount", "-t", "tmpfs", "-o", size, "dmalloc", backing.toString());
    ThinFileSystem thin = new ThinFileSystem(backing);
    try {
      SmallFileSystem.makeImage(thin.image(), promisedBytes, "ext4", "-O", "^has_journal");
      Files.createDirectory(thin.directory);
      thin.mountImage();
      Files.deleteIfExists(thin.directory.resolve("lost+found"));
    } catch (IOException e) {
      thin.close();
      throw e;
    }
    return thin;
  }

  private String image() {
    return backing.resolve("image").toString();
  }

  private void mountImage() throws IOException {
    SmallFileSystem.run("mount", "-o", "loop", image(), directory.toString());
    mounted = true;
  }

  /** Where it is mounted; empty at first. */
  public Path directory() {
    return directory;
  }

  /** Takes what is left behind it: from now on the device refuses new blocks. */
  public void exhaust() {
    SmallFileSystem.fill(backing);
  }

  /** Gives back what is behind blocks of zeros, although the file system believes to have it. */
  public void digHoles() throws IOException {
    SmallFileSystem.run("fallocate", "--dig-holes", image());
  }

  /** Takes away what is behind all but the first bytes: reads of the rest are errors. */
  public void cut(long bytes) throws IOException {
    SmallFileSystem.run("truncate", "-s", Long.toString(bytes), image());
  }

  /** Puts so much behind it. */
  public void supply(long backedBytes) throws IOException {
    SmallFileSystem.run("mount", "-o", "remount,size=" + backedBytes, backing.toString());
  }

  /** Unmounts and mounts it: what is read afterwards is what the device has. */
  public void mountAgain() throws IOException {
    SmallFileSystem.run("umount", directory.toString());
    mounted = false;
    mountImage();
  }

  /**
   * Unmounts it.
   *
   * @throws IOException if something still uses a file of it; it is unmounted even so, and goes
   *     with its last user
   */
  @Override
  public void close() throws IOException {
    try {
      if (mounted) {
        SmallFileSystem.unmount(directory);
      }
    } finally {
      unmountBacking();
    }
  }

  /** The loop device lets its image go a moment after the file system on it was unmounted. */
  private void unmountBacking() throws IOException {
    long deadline = System.nanoTime() + RELEASE_NANOS;
    while (System.nanoTime() - deadline < 0) {
      try {
        SmallFileSystem.run("umount", backing.toString());
        return;
      } catch (IOException busy) {
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
    SmallFileSystem.unmount(backing);
  }
}
