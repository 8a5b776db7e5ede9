/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;

/**
 * The text files by which Linux describes itself, below a root: {@code /} on a real machine, a
 * directory with a made-up {@code proc} and {@code sys} in a test.
 *
 * <p>A file that does not exist, or that this user may not read, is empty: which ones there are
 * differs by kernel, container and privilege. Only {@link #require} tells. Thread-safe.
 *
 * <p>Files are read in large pieces, and never by {@link Files#readString} and the like: those take
 * a size of 0 at its word and ask for a single byte first, and a file in {@code /proc/sys} answers
 * only one read, so that {@code 65530} becomes {@code 6}.
 *
 * @param root the directory that holds {@code proc} and {@code sys}
 */
public record KernelFiles(Path root) {
  private static final int PIECE_BYTES = 1 << 16;

  public static KernelFiles ofThisMachine() {
    return new KernelFiles(Path.of("/"));
  }

  /** The content of a file such as {@code /proc/sys/vm/swappiness}, without blanks at its ends. */
  public Optional<String> text(String path) {
    try {
      return Optional.of(read(path));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      // Not readable for this user or not a file of this kernel (EACCES, EINVAL, EISDIR): the
      // callers say "unknown" for both.
      return Optional.empty();
    }
  }

  /** Like {@link #text}, for a file that must be there; the exception has the reason. */
  public String require(String path) throws MemoryException {
    try {
      return read(path);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private String read(String path) throws IOException {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    byte[] piece = new byte[PIECE_BYTES];
    try (InputStream in = Files.newInputStream(resolve(path))) {
      for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
        content.write(piece, 0, count);
      }
    }
    return content.toString(StandardCharsets.UTF_8).strip();
  }

  /** What is read line by line, until the visitor has seen enough. */
  @FunctionalInterface
  public interface LineVisitor {
    boolean visit(String line);
  }

  /** Shows the lines of a long file, of which not all may be wanted. */
  public void visitLines(String path, LineVisitor visitor) throws MemoryException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Files.newInputStream(resolve(path)), StandardCharsets.ISO_8859_1))) {
      String line = lines.readLine();
      while (line != null && visitor.visit(line)) {
        line = lines.readLine();
      }
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /**
   * How many entries a directory has; empty if it cannot be read. Since Linux 6.2 the size of
   * {@code /proc/self/fd} is the number of descriptors; before, and in a test, they are counted,
   * which takes one descriptor itself: a process that has no more gets {@link Long#MAX_VALUE}.
   */
  public OptionalLong entryCount(String path) {
    Path directory = resolve(path);
    try {
      BasicFileAttributes attributes = Files.readAttributes(directory, BasicFileAttributes.class);
      if (directory.startsWith("/proc") && attributes.size() > 0) {
        return OptionalLong.of(attributes.size());
      }
      try (Stream<Path> entries = Files.list(directory)) {
        return OptionalLong.of(entries.count());
      }
    } catch (UncheckedIOException e) {
      return OptionalLong.empty();
    } catch (IOException e) {
      int errno = Errno.of(e);
      return errno == Errno.EMFILE || errno == Errno.ENFILE
          ? OptionalLong.of(Long.MAX_VALUE)
          : OptionalLong.empty();
    }
  }

  /** How many lines a file has; empty if it cannot be read. */
  public OptionalLong lineCount(String path) {
    byte[] piece = new byte[PIECE_BYTES];
    long lines = 0;
    try (InputStream in = Files.newInputStream(resolve(path))) {
      for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
        for (int i = 0; i < count; i++) {
          if (piece[i] == '\n') {
            lines++;
          }
        }
      }
      return OptionalLong.of(lines);
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  private MemoryException unreadable(String path, IOException cause) {
    String target = resolve(path).toString();
    if (cause instanceof NoSuchFileException) {
      return MemoryException.of(
          "read",
          -1,
          target,
          Errno.name(Errno.ENOENT),
          Errno.ENOENT,
          String.format(Locale.ROOT, "mount %s", path.startsWith("/sys") ? "/sys" : "/proc"),
          cause);
    }
    return Errno.exception("read", -1, target, cause);
  }

  /** The lines of a file; none if it cannot be read. */
  public List<String> lines(String path) {
    return text(path).map(text -> text.lines().toList()).orElse(List.of());
  }

  /** The number that is all of a file; empty if the file is missing or holds something else. */
  public OptionalLong number(String path) {
    Optional<String> text = text(path);
    return text.isPresent() ? parse(text.get()) : OptionalLong.empty();
  }

  /** The number behind a key in a file of {@code Key: value unit} or {@code key value} lines. */
  public OptionalLong field(String path, String key) {
    for (String line : lines(path)) {
      String[] words = line.strip().split("[:\\s]+", -1);
      if (words.length >= 2 && words[0].equals(key)) {
        return parse(words[1]);
      }
    }
    return OptionalLong.empty();
  }

  /** The choice in brackets of a file such as {@code transparent_hugepage/enabled}. */
  public Optional<String> choice(String path) {
    return text(path)
        .map(
            text -> {
              int open = text.indexOf('[');
              int close = text.indexOf(']', open + 1);
              return open >= 0 && close > open ? text.substring(open + 1, close) : text;
            });
  }

  public boolean exists(String path) {
    return Files.exists(resolve(path));
  }

  /** The real path of a link below the root, as the kernel would name it: with a leading slash. */
  public Optional<String> realPath(String path) {
    try {
      return Optional.of("/" + root.toRealPath().relativize(resolve(path).toRealPath()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Path resolve(String path) {
    return root.resolve(path.startsWith("/") ? path.substring(1) : path);
  }

  private static OptionalLong parse(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text.strip()));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
