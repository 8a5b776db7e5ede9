/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file system of some MiB for one test, to be filled to the last byte: Linux, and root. It is
 * unmounted by {@code close} whatever became of the test, and its files are gone then.
 *
 * {@snippet :
 * try (SmallFileSystem disk = SmallFileSystem.mount(SmallFileSystem.Kind.EXT4, directory, 8 << 20)) {
 *   Path thief = disk.takeAll();
 *   // … what meets a full disk
 *   Files.delete(thief);
 * }
 * }
 */
public final class SmallFileSystem implements AutoCloseable {
  /** What it is made of. */
  public enum Kind {
    /** Memory; its pages are allocated as they are stored to. */
    TMPFS,
    /** A file on a loop device, without a journal; its blocks may be allocated late. */
    EXT4,
    /** The same, which cannot reserve space: fallocate(2) is unknown there. */
    EXT2,
    /** The same with a journal, of which it takes some MiB. */
    EXT3,
    /** One whose files can share blocks; it takes 300 MiB at least. Skipped without xfsprogs. */
    XFS
  }

  private final Path directory;

  private SmallFileSystem(Path directory) {
    this.directory = directory;
  }

  /**
   * Mounts an empty one. Without root the test is skipped, and says so.
   *
   * @param below an existing directory; the file system is mounted in a new one below it
   * @param byteSize its size; ext4 takes a part of that for itself
   * @throws IOException if it cannot be made; nothing is left mounted then
   */
  public static SmallFileSystem mount(Kind kind, Path below, long byteSize) throws IOException {
    Skip.unlessRoot("mounting a small file system");
    Path directory = Files.createTempDirectory(below, "mount");
    switch (kind) {
      case TMPFS ->
          run("mount", "-t", "tmpfs", "-o", "size=" + byteSize, "dmalloc", directory.toString());
      case EXT4 -> mountImage(directory, byteSize, "ext4", "-O", "^has_journal");
      case EXT2 -> mountImage(directory, byteSize, "ext2");
      case EXT3 -> mountImage(directory, byteSize, "ext3", "-J", "size=4");
      case XFS -> mountXfs(directory, byteSize);
    }
    SmallFileSystem mounted = new SmallFileSystem(directory);
    try {
      Files.deleteIfExists(directory.resolve("lost+found"));
    } catch (IOException e) {
      mounted.close();
      throw e;
    }
    return mounted;
  }

  private static void mountXfs(Path directory, long byteSize) throws IOException {
    if (!Files.isExecutable(Path.of("/usr/sbin/mkfs.xfs"))) {
      Skip.because("mounting an XFS needs mkfs.xfs (xfsprogs)");
    }
    String image = directory + ".image";
    run("truncate", "-s", Long.toString(byteSize), image);
    run("/usr/sbin/mkfs.xfs", "-q", "-f", "-m", "reflink=1", image);
    run("mount", "-t", "xfs", "-o", "loop", image, directory.toString());
  }

  private static void mountImage(Path directory, long byteSize, String type, String... options)
      throws IOException {
    String image = directory + ".image";
    makeImage(image, byteSize, type, options);
    run("mount", "-t", type, "-o", "loop", image, directory.toString());
  }

  /** Makes a sparse file with an empty file system in it. */
  static void makeImage(String image, long byteSize, String type, String... options)
      throws IOException {
    run("truncate", "-s", Long.toString(byteSize), image);
    List<String> make = new ArrayList<>(List.of("/usr/sbin/mkfs." + type, "-q", "-F", "-m", "0"));
    make.addAll(List.of(options));
    make.add(image);
    run(make.toArray(String[]::new));
  }

  /** Where it is mounted; empty at first. */
  public Path directory() {
    return directory;
  }

  public long availableBytes() throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }

  /** Takes all the space that is left; whoever deletes the file gives it back. */
  public Path takeAll() {
    return fill(directory);
  }

  /** Makes a file that takes all the space that is left in a directory. */
  static Path fill(Path directory) {
    Path thief = directory.resolve("thief");
    try (OutputStream out = Files.newOutputStream(thief)) {
      byte[] page = new byte[4096];
      while (true) {
        out.write(page);
      }
    } catch (IOException e) {
      if (!"No space left on device".equals(e.getMessage())) {
        throw new UncheckedIOException(e);
      }
    }
    return thief;
  }

  /** Mounts it again with other options: {@code ro}, {@code rw}. */
  public void remount(String options) throws IOException {
    run("mount", "-o", "remount," + options, directory.toString());
  }

  /**
   * Unmounts it.
   *
   * @throws IOException if something still uses a file of it, which a test that cleans up after
   *     itself does not; it is unmounted even so, and goes with its last user
   */
  @Override
  public void close() throws IOException {
    unmount(directory);
  }

  /** In place of {@link #close}: takes its name away at once; it goes with its last user. */
  public void unmountLazily() throws IOException {
    run("umount", "--lazy", directory.toString());
  }

  static void unmount(Path directory) throws IOException {
    try {
      run("umount", directory.toString());
    } catch (IOException e) {
      run("umount", "--lazy", directory.toString());
      throw e;
    }
  }

  static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    // The end of the output is the end of the process, but for its exit status.
    int status = process.onExit().join().exitValue();
    if (status != 0) {
      throw new IOException(String.join(" ", command) + ": " + status + ", " + said);
    }
  }
}
