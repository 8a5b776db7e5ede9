/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import org.dmalloc.api.RegionNames;

/**
 * Turns region names into file names and back. Letters, digits and {@code . _ -} stand for
 * themselves, every other byte of the UTF-8 form is {@code %XX}; so is a leading dot, which would
 * hide the file. The longest name, escaped throughout, is 240 characters plus the suffix.
 */
final class RegionFileName {
  static final String SUFFIX = ".region";

  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private RegionFileName() {}

  static String of(String regionName) {
    StringBuilder file = new StringBuilder();
    for (byte b : RegionNames.check(regionName).getBytes(StandardCharsets.UTF_8)) {
      if (isPlain(b) && !(file.isEmpty() && b == '.')) {
        file.append((char) b);
      } else {
        file.append('%').append(HEX.toHexDigits(b));
      }
    }
    return file.append(SUFFIX).toString();
  }

  /** The region's name, or empty if {@link #of} never writes such a file name. */
  static Optional<String> parse(String fileName) {
    if (!fileName.endsWith(SUFFIX)) {
      return Optional.empty();
    }
    String stem = fileName.substring(0, fileName.length() - SUFFIX.length());
    ByteBuffer bytes = ByteBuffer.allocate(stem.length());
    try {
      for (int i = 0; i < stem.length(); i++) {
        if (stem.charAt(i) == '%') {
          bytes.put((byte) HexFormat.fromHexDigits(stem, i + 1, i + 3));
          i += 2;
        } else {
          bytes.put((byte) stem.charAt(i));
        }
      }
      String name = StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
      // Only the canonical form counts, or two files could stand for one region.
      return of(name).equals(fileName) ? Optional.of(name) : Optional.empty();
    } catch (CharacterCodingException | IllegalArgumentException | IndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  private static boolean isPlain(byte b) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || (b >= '0' && b <= '9')
        || b == '.'
        || b == '_'
        || b == '-';
  }
}
