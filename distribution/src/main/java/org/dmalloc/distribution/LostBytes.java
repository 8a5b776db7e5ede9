/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds words that Java could not decode. Java replaces each byte that is invalid in its encoding,
 * so that two names would become one, and other bytes would be written than were given.
 */
final class LostBytes {
  private static final char REPLACEMENT = '\uFFFD';
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  /** Properties and variables that are paths. */
  private static final List<String> PROPERTIES =
      List.of("dmalloc.home", "dmalloc.directory", "java.io.tmpdir");

  private static final List<String> VARIABLES =
      List.of("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "DMALLOC_CONFIG");

  private LostBytes() {}

  /** What is wrong with the words of a command or the environment; empty if nothing is. */
  static Optional<String> of(String[] arguments) {
    Optional<String> path =
        Stream.concat(
                PROPERTIES.stream().filter(property -> isLossy(System.getProperty(property))),
                VARIABLES.stream().filter(variable -> isLossy(System.getenv(variable))))
            .findFirst();
    if (path.isPresent()) {
      return path.map(name -> name + ": " + reason() + "; choose another path");
    }
    for (int i = 0; i < arguments.length; i++) {
      if (isLossy(arguments[i]) && !isMeant(arguments, i)) {
        String steps = "; convert it (iconv), or give bytes by a file (write --file)";
        return Optional.of("argument " + (i + 1) + ": " + reason() + steps);
      }
    }
    return Optional.empty();
  }

  private static boolean isLossy(@Nullable String text) {
    return text != null && text.indexOf(REPLACEMENT) >= 0;
  }

  private static String reason() {
    return decodesUtf8()
        ? "not UTF-8"
        : "not ASCII, and this system lacks the locale C.UTF-8, by which Java would understand it";
  }

  private static boolean decodesUtf8() {
    return Charset.isSupported(System.getProperty("sun.jnu.encoding", ""))
        && Charset.forName(System.getProperty("sun.jnu.encoding")).equals(StandardCharsets.UTF_8);
  }

  /** Whether the user gave the character itself. The words are the last of the command line. */
  private static boolean isMeant(String[] arguments, int index) {
    try {
      List<byte[]> words = split(Files.readAllBytes(COMMAND_LINE));
      byte[] word = words.get(words.size() - arguments.length + index);
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(word))
          .toString()
          .equals(arguments[index]);
    } catch (IOException | IndexOutOfBoundsException e) {
      return false; // not UTF-8, or not to be known here
    }
  }

  /** A zero byte ends each word. */
  private static List<byte[]> split(byte[] line) {
    List<byte[]> words = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < line.length; i++) {
      if (line[i] == 0) {
        words.add(Arrays.copyOfRange(line, start, i));
        start = i + 1;
      }
    }
    return words;
  }
}
