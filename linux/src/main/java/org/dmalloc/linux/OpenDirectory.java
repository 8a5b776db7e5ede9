/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A directory held open, whose entries are reached from there by their names (openat(2)). If a
 * directory above is exchanged for a link between a check and a deletion, the deletion still
 * happens in this directory. No link is followed, and nothing that may block is opened.
 *
 * <p>Its opener closes it. For use by one thread.
 */
public final class OpenDirectory implements AutoCloseable {
  private static final long RETRY_NANOS = 5_000_000_000L;
  private static final Path ITSELF = Path.of(".");

  private final SecureDirectoryStream<Path> stream;

  private OpenDirectory(SecureDirectoryStream<Path> stream) {
    this.stream = stream;
  }

  /** Opens a directory, by a path whose links are followed; empty where Java has no such calls. */
  @SuppressWarnings("StreamResourceLeak") // what is returned closes it
  public static Optional<OpenDirectory> open(Path path) throws IOException {
    DirectoryStream<Path> stream = Files.newDirectoryStream(path);
    if (stream instanceof SecureDirectoryStream<Path> secure) {
      return Optional.of(new OpenDirectory(secure));
    }
    stream.close();
    return Optional.empty();
  }

  /** What is known of an entry, of a link itself; empty if there is none. */
  public Optional<PosixFileAttributes> attributes(Path name) throws IOException {
    try {
      return Optional.of(
          stream
              .getFileAttributeView(name, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
              .readAttributes());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** What is known of this directory. */
  public PosixFileAttributes attributes() throws IOException {
    return stream.getFileAttributeView(PosixFileAttributeView.class).readAttributes();
  }

  /** The names that are in it. */
  public List<Path> names() throws IOException {
    List<Path> names = new ArrayList<>();
    // A stream is read once.
    try (DirectoryStream<Path> entries = stream.newDirectoryStream(ITSELF)) {
      entries.forEach(entry -> names.add(entry.getFileName()));
    }
    return names;
  }

  /** Opens a directory in it; empty if there is none of that name, or something else. */
  public Optional<OpenDirectory> directory(Path name) throws IOException {
    Optional<PosixFileAttributes> seen = attributes(name);
    if (seen.isEmpty() || !seen.get().isDirectory()) {
      return Optional.empty();
    }
    SecureDirectoryStream<Path> found;
    try {
      // By its own entry ".": if a fifo has taken its place this fails, and does not wait.
      found = stream.newDirectoryStream(name.resolve(ITSELF));
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    }
    OpenDirectory opened = new OpenDirectory(found);
    if (!Objects.equals(seen.get().fileKey(), opened.attributes().fileKey())) {
      opened.close(); // a link has taken its place
      return Optional.empty();
    }
    return Optional.of(opened);
  }

  /** Opens a regular file in it for reading and writing; empty if there is none of that name. */
  public Optional<FileChannel> file(Path name) throws IOException {
    Optional<PosixFileAttributes> seen = attributes(name);
    if (seen.isEmpty() || !seen.get().isRegularFile()) {
      return Optional.empty();
    }
    Set<OpenOption> options =
        Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    SeekableByteChannel channel;
    try {
      channel = stream.newByteChannel(name, options);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    if (channel instanceof FileChannel file) {
      return Optional.of(file);
    }
    channel.close();
    return Optional.empty();
  }

  /** Deletes a file, or a link itself; what is gone already is no failure. */
  public void deleteFile(Path name) throws IOException {
    try {
      stream.deleteFile(name);
    } catch (NoSuchFileException e) {
      // Deleted by another process meanwhile.
    }
  }

  /** Deletes an empty directory; one that is gone already is no failure. */
  public void deleteDirectory(Path name) throws IOException {
    try {
      stream.deleteDirectory(name);
    } catch (NoSuchFileException e) {
      // Deleted by another process meanwhile.
    }
  }

  /**
   * Deletes all that is in it, links themselves included.
   *
   * @param last an entry to delete at the end: while it is there, the rest may be, too, and a
   *     deletion that is cut off leaves it. Null for any order
   */
  public void clear(@Nullable Path last) throws IOException {
    List<Path> names = names();
    if (last != null && names.remove(last)) {
      names.add(last);
    }
    delete(names);
  }

  private void delete(List<Path> names) throws IOException {
    for (Path name : names) {
      Optional<OpenDirectory> directory = directory(name);
      if (directory.isEmpty()) {
        deleteFile(name);
        continue;
      }
      try (OpenDirectory opened = directory.get()) {
        opened.clear(null);
      }
      deleteDirectory(name);
    }
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }

  /** Decides by what an open directory is. */
  @FunctionalInterface
  public interface Condition {
    /** Whether it is the one that is meant. */
    boolean holds(PosixFileAttributes attributes) throws IOException;
  }

  /** Deletes a directory with all that is in it; refused if it is another user's. */
  public static void delete(Path path) throws IOException {
    delete(path, Ownership::isOurs, null, false);
  }

  /**
   * Deletes a directory with all that is in it. What is gone already is no failure, and what a
   * process on its way down still puts there goes as well.
   *
   * @param condition must hold for the directory that has that name then
   * @param last the entry that goes at the end: while it is there, the rest may be, too
   * @throws IOException if the condition does not hold, or there is something else than a directory
   */
  public static void delete(Path path, Condition condition, Path last) throws IOException {
    delete(path, condition, last, false);
  }

  /** Deletes all that is in a directory; refused if it is another user's. */
  public static void empty(Path path) throws IOException {
    delete(path, Ownership::isOurs, null, true);
  }

  private static void delete(
      Path path, Condition condition, @Nullable Path last, boolean keepsItself) throws IOException {
    Path directory = path.toAbsolutePath().normalize();
    Path name = directory.getFileName();
    Path parent = directory.getParent();
    if (name == null || parent == null || !Files.isDirectory(parent)) {
      return;
    }
    Optional<OpenDirectory> above = open(parent);
    if (above.isEmpty()) {
      walk(directory, keepsItself ? directory : parent);
      return;
    }
    try (OpenDirectory in = above.get()) {
      if (keepsItself) {
        in.empty(name, condition, directory, null);
        return;
      }
      long deadline = System.nanoTime() + RETRY_NANOS;
      while (in.attributes(name).isPresent()) {
        try {
          in.empty(name, condition, directory, last);
          in.deleteDirectory(name);
        } catch (DirectoryNotEmptyException e) {
          if (System.nanoTime() > deadline) {
            throw e;
          }
        }
      }
    }
  }

  private void empty(Path name, Condition condition, Path path, @Nullable Path last)
      throws IOException {
    Optional<OpenDirectory> found = directory(name);
    if (found.isEmpty()) {
      if (attributes(name).isPresent()) {
        throw foreign(path);
      }
      return;
    }
    try (OpenDirectory opened = found.get()) {
      if (!condition.holds(opened.attributes())) {
        throw foreign(path);
      }
      opened.clear(last);
    }
  }

  private static FileSystemException foreign(Path path) {
    return new FileSystemException(
        "delete " + path + ": not the directory that was made; check it, and delete it yourself");
  }

  /** Deletes all below a directory, and itself if it is not the one to keep. */
  private static void walk(Path directory, Path kept) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // another process deletes it at the same time
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e)
              throws IOException {
            if (!visited.equals(kept)) {
              Files.deleteIfExists(visited);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
