/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What became of an open file whose path does not lead to it any more, in words. Linux tells in
 * /proc/self/fd where the file is now; elsewhere it can only be said that the path leads nowhere.
 */
final class FileFate {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final String DELETED = " (deleted)";

  private FileFate() {}

  /** Empty if the path leads to the file, or if that cannot be told. */
  static Optional<String> of(Path path, FileIdentity identity) {
    try {
      if (FileIdentity.matches(path, identity)) {
        return Optional.empty();
      }
      return Optional.of(describe(path, whereabouts(identity)));
    } catch (IOException e) {
      boolean replaced = Files.exists(path, LinkOption.NOFOLLOW_LINKS);
      return replaced ? Optional.of(describe(path, null)) : Optional.empty();
    }
  }

  private static String describe(Path path, @Nullable String now) {
    boolean replaced = Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    boolean directoryGone = !Files.isDirectory(Objects.requireNonNull(path.getParent()));
    String fate;
    if (now == null) {
      fate = replaced ? "" : "its file was deleted or renamed";
    } else if (now.endsWith(DELETED)) {
      fate = directoryGone ? "its file was deleted with its directory" : "its file was deleted";
    } else if (Objects.equals(Path.of(now).getFileName(), path.getFileName())) {
      fate = "its directory was renamed: its file is " + now;
    } else {
      fate = "its file was renamed to " + now;
    }
    if (!replaced) {
      return fate;
    }
    return fate.isEmpty()
        ? "its file was replaced by another file"
        : fate + " and replaced by another file";
  }

  /**
   * The present path of an open file; ends in {@value #DELETED} if it has none. Null if unknown.
   */
  private static @Nullable String whereabouts(FileIdentity identity) {
    Path descriptor = find(DESCRIPTORS, identity);
    if (descriptor == null) {
      return null;
    }
    try {
      String path = Files.readSymbolicLink(descriptor).toString();
      if (!path.endsWith(DELETED) || (Integer) Files.getAttribute(descriptor, "unix:nlink") == 0) {
        return path;
      }
      // It was opened by the temporary name that it had during its creation, in this directory.
      Path directory = Path.of(path.substring(0, path.length() - DELETED.length())).getParent();
      Path now = directory == null ? null : find(directory, identity);
      return now == null ? null : now.toString();
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return null;
    }
  }

  private static @Nullable Path find(Path directory, FileIdentity identity) {
    if (!Files.isDirectory(directory)) {
      return null;
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.filter(entry -> leadsTo(entry, identity)).findFirst().orElse(null);
    } catch (IOException | UncheckedIOException e) {
      return null; // said without it
    }
  }

  private static boolean leadsTo(Path entry, FileIdentity identity) {
    try {
      Object key = Files.getAttribute(entry, "fileKey");
      return key != null && new FileIdentity(key.toString()).equals(identity);
    } catch (IOException e) {
      return false; // closed or deleted meanwhile
    }
  }
}
