/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.machine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The text files by which Linux describes itself, below a root: {@code /} on a real machine, a
 * directory with a made-up {@code proc} and {@code sys} in a test.
 *
 * <p>A file that does not exist, or that this user may not read, is empty: which ones there are
 * differs by kernel, container and privilege. Safe for use by many threads.
 *
 * @param root the directory that holds {@code proc} and {@code sys}
 */
public record KernelFiles(Path root) {
  private static final int PIECE_BYTES = 1 << 16;

  /** The files of the machine this runs on. */
  public static KernelFiles ofThisMachine() {
    return new KernelFiles(Path.of("/"));
  }

  /**
   * The content without blanks at its ends.
   *
   * @param path an absolute path such as {@code /proc/sys/vm/swappiness}
   */
  public Optional<String> text(String path) {
    try {
      return Optional.of(new String(bytes(resolve(path)), StandardCharsets.UTF_8).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      // Not readable for this user or not a file of this kernel (EACCES, EINVAL, EISDIR): the
      // callers say "unknown" for both.
      return Optional.empty();
    }
  }

  /**
   * Reads a file in large pieces. Not {@link Files#readAllBytes}: that takes a size of 0 at its
   * word and asks for a single byte first, and a file in /proc/sys answers only one read.
   */
  private static byte[] bytes(Path file) throws IOException {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    byte[] piece = new byte[PIECE_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
        content.write(piece, 0, count);
      }
    }
    return content.toByteArray();
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

  /**
   * The number behind {@code key} in a file of {@code Key: value unit} or {@code key value} lines,
   * such as {@code /proc/meminfo}.
   */
  public OptionalLong field(String path, String key) {
    for (String line : lines(path)) {
      String[] words = line.strip().split("[:\\s]+", -1);
      if (words.length >= 2 && words[0].equals(key)) {
        return parse(words[1]);
      }
    }
    return OptionalLong.empty();
  }

  /**
   * The choice in brackets of a file such as {@code /sys/kernel/mm/transparent_hugepage/enabled}.
   */
  public Optional<String> choice(String path) {
    return text(path)
        .map(
            text -> {
              int open = text.indexOf('[');
              int close = text.indexOf(']', open + 1);
              return open >= 0 && close > open ? text.substring(open + 1, close) : text;
            });
  }

  /** Whether a path exists. */
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
