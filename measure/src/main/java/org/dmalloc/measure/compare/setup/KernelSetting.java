/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Setting;

/**
 * A kernel setting that a comparison varies and puts back; also reads and writes the other one-line
 * files by which the kernel is configured.
 */
public final class KernelSetting {
  /** How many pages a read from swap may bring, as a power of two. */
  public static final String PAGE_CLUSTER = Setting.sysctl("vm.page-cluster").path();

  private KernelSetting() {}

  /**
   * Sets a value until the returned change is taken back.
   *
   * @throws IOException if the setting is missing, may not be written, or refuses the value; then
   *     it is as it was
   */
  public static Change set(SetupJournal journal, String path, String value) throws IOException {
    Path file = Path.of(path);
    if (!Files.isWritable(file)) {
      throw new IOException(
          "set " + path + " to " + value + ": not writable; run as root, outside of a container");
    }
    Change change = new Change(Change.Kind.SETTING, path, read(file), value);
    journal.add(change);
    try {
      write(file, value);
    } catch (IOException e) {
      journal.takeBack(change);
      throw e;
    }
    String now = read(file);
    if (!now.equals(value)) {
      // The kernel rounded it: what it shows is what must be recognised later.
      write(file, change.before());
      journal.takeBack(change);
      throw new IOException(
          "set " + path + " to " + value + ": the kernel made it " + now + "; give that");
    }
    return change;
  }

  static String read(Path file) throws IOException {
    return KernelFiles.ofThisMachine().require(file.toString());
  }

  /** Writes a value in a single write(2), as the kernel wants it. */
  static void write(Path file, String value) throws IOException {
    // A stream, not a channel: an interrupted thread must be able to put values back.
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.WRITE)) {
      out.write((value + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IOException("write '" + value + "' to " + file + ": " + e.getMessage(), e);
    }
  }
}
