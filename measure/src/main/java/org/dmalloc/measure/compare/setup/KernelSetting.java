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
 * A kernel setting that a comparison varies and restores. It also reads and writes the kernel's
 * other one-line files.
 */
public final class KernelSetting {
  /** The number of pages of a read from swap, as a power of two. */
  public static final String PAGE_CLUSTER = Setting.sysctl("vm.page-cluster").path();

  private KernelSetting() {}

  /**
   * Sets a value until the returned change is undone.
   *
   * @throws IOException if the setting is missing, not writable or rejects the value; then it is
   *     unchanged
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
      // The kernel rounded the value: Cleaner must recognise the rounded one later.
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

  /** Writes a value in a single write(2), as the kernel requires. */
  static void write(Path file, String value) throws IOException {
    // A stream, not a channel: an interrupted thread must be able to restore values.
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.WRITE)) {
      out.write((value + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IOException("write '" + value + "' to " + file + ": " + e.getMessage(), e);
    }
  }
}
