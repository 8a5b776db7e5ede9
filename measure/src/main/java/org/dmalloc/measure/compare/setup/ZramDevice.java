/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A compressed swap area in RAM for one comparison. */
public final class ZramDevice {
  static final String CONTROL = "/sys/class/zram-control";

  private ZramDevice() {}

  /**
   * Adds a zram device and enables it as swap until the returned change is undone.
   *
   * @param byteSize its uncompressed capacity
   * @param priority from 0 to {@value SwapFile#HIGHEST_PRIORITY}
   * @throws IOException if the kernel lacks zram or rejects it; then nothing is left behind
   */
  public static Change create(SetupJournal journal, long byteSize, int priority)
      throws IOException {
    Path add = Path.of(CONTROL, "hot_add");
    if (!Files.exists(add)) {
      throw new IOException(
          "zram: this kernel has none loaded (" + CONTROL + " is missing); run modprobe zram");
    }
    if (!Files.isReadable(add)) {
      throw new IOException("zram: " + add + " may not be read; run as root");
    }
    // A read adds a device and returns its number.
    String name = "zram" + KernelSetting.read(add);
    Change change = Change.of(Change.Kind.ZRAM, "/dev/" + name);
    journal.add(change);
    try {
      KernelSetting.write(Path.of("/sys/block", name, "disksize"), String.valueOf(byteSize));
      SystemProgram.run("mkswap", change.path());
      SystemProgram.run("swapon", "-p", String.valueOf(priority), change.path());
    } catch (IOException e) {
      journal.takeBack(change);
      throw new IOException("zram " + name + ": " + e.getMessage() + "; needs root", e);
    }
    return change;
  }
}
