/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import java.util.StringTokenizer;

/**
 * Which users can change a file or directory. Only what this process's user alone can change may be
 * trusted, above all by root in a directory that all users may write to.
 */
public final class Ownership {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String UID_LINE = "\nUid:";
  private static final int ROOT = 0;
  private static final int GROUP_WRITES = 020;
  private static final int OTHERS_WRITE = 02;
  private static final int STICKY = 01000;

  private Ownership() {}

  /** Whether a file or directory belongs to this user, and no one else may write to it. */
  public static boolean isOursAlone(PosixFileAttributes attributes) throws IOException {
    return !attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
        && !attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE)
        && isOurs(attributes);
  }

  /** Whether a file or directory belongs to this user. */
  public static boolean isOurs(PosixFileAttributes attributes) throws IOException {
    return attributes.owner().equals(self());
  }

  private static UserPrincipal self() throws IOException {
    // The name of a number without an account is the number; and the owner of /proc/self is root
    // where Java has file capabilities.
    return STATUS
        .getFileSystem()
        .getUserPrincipalLookupService()
        .lookupPrincipalByName(
            Files.exists(STATUS) ? effectiveUid() : System.getProperty("user.name"));
  }

  /**
   * Without the reader of the kernel's files, which the launcher does not have, and without streams
   * and patterns: a start that meets another's directory waits for this.
   */
  private static String effectiveUid() throws IOException {
    String status;
    try (InputStream in = Files.newInputStream(STATUS)) {
      status = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }
    StringTokenizer ids =
        new StringTokenizer(status.substring(status.indexOf(UID_LINE) + UID_LINE.length()));
    ids.nextToken(); // the real one
    return ids.nextToken();
  }

  /**
   * The part of a path that another user, root excepted, could put something else in place of: a
   * directory above that is another's, or that others may write to without the sticky bit. A group
   * counts for root only; a user's own may be the only one in it.
   *
   * @param directory exists; its links are followed
   * @return the directory in which others can exchange the next part; empty if they can nowhere
   */
  public static Optional<Path> exchangeableBelow(Path directory) throws IOException {
    if (!directory.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return Optional.empty();
    }
    boolean root = self().equals(Files.getOwner(Path.of("/")));
    for (Path above = directory.toRealPath(); above != null; above = above.getParent()) {
      int mode = (int) Files.getAttribute(above, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      int owner = (int) Files.getAttribute(above, "unix:uid", LinkOption.NOFOLLOW_LINKS);
      boolean ours = owner == ROOT || Files.getOwner(above).equals(self());
      int writers = root ? GROUP_WRITES | OTHERS_WRITE : OTHERS_WRITE;
      if (!ours || ((mode & writers) != 0 && (mode & STICKY) == 0)) {
        return Optional.of(above);
      }
    }
    return Optional.empty();
  }
}
