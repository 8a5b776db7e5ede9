/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.dmalloc.spi.machine.Setting;

/** A kernel setting that a comparison varies and puts back. */
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
          String.format(
              Locale.ROOT,
              "set %s to %s: not writable; run as root, outside of a container",
              path,
              value));
    }
    Change change = new Change(Change.Kind.SETTING, path, KernelSwitch.read(file), value);
    journal.add(change);
    try {
      KernelSwitch.write(file, value);
    } catch (IOException e) {
      journal.takeBack(change);
      throw e;
    }
    String now = KernelSwitch.read(file);
    if (!now.equals(value)) {
      // The kernel rounded it: what it shows is what must be recognised later.
      KernelSwitch.write(file, change.before());
      journal.takeBack(change);
      throw new IOException(
          String.format(
              Locale.ROOT, "set %s to %s: the kernel made it %s; give that", path, value, now));
    }
    return change;
  }
}
