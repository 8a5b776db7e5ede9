/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.dmalloc.spi.machine.KernelFiles;

/** Reads and writes the one-line files by which the kernel is told things. */
final class KernelSwitch {
  private KernelSwitch() {}

  static String read(Path file) throws IOException {
    return KernelFiles.ofThisMachine().require(file.toString());
  }

  /** Writes a value in a single write(2), as the kernel wants it. */
  static void write(Path file, String value) throws IOException {
    // A stream, not a channel: an interrupted thread must be able to put values back.
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.WRITE)) {
      out.write((value + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IOException(
          String.format(Locale.ROOT, "write '%s' to %s: %s", value, file, e.getMessage()), e);
    }
  }
}
