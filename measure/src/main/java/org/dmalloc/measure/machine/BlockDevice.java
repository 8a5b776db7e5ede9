/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;

/**
 * The block device below a file system or a swap area, from {@code /sys}.
 *
 * @param name the kernel's name of the whole disk, such as {@code nvme0n1}
 * @param model the disk's own name; empty if it has none
 * @param rotational what the disk claims; virtual disks often claim wrongly
 * @param readAheadKib how far a read in order, or a fault without advice, reads ahead
 * @param scheduler the active I/O scheduler; empty if unknown
 */
public record BlockDevice(
    String name,
    String model,
    Optional<Boolean> rotational,
    OptionalLong readAheadKib,
    String scheduler) {
  private static final String CLASS = "/sys/class/block/";

  /** The device of a mount; empty for file systems without one (tmpfs, overlay, network). */
  public static Optional<BlockDevice> of(KernelFiles files, Mount mount) {
    Optional<String> byNumber = files.realPath("/sys/dev/block/" + mount.device());
    if (byNumber.isPresent()) {
      return Optional.of(atSysPath(files, byNumber.get()));
    }
    // btrfs has its own device number; its source names one of its devices.
    return ofDeviceFile(files, mount.source());
  }

  /** The device behind a file in {@code /dev}. */
  public static Optional<BlockDevice> ofDeviceFile(KernelFiles files, String deviceFile) {
    if (!deviceFile.startsWith("/dev/")) {
      return Optional.empty();
    }
    String linked = files.realPath(deviceFile).orElse(deviceFile);
    String name = String.valueOf(Path.of(linked).getFileName());
    return files.realPath(CLASS + name).map(path -> atSysPath(files, path));
  }

  public String description() {
    return String.format(
        Locale.ROOT,
        "%s, read-ahead %s KiB, rotational %s",
        (name + " " + model).strip(),
        readAheadKib.isPresent() ? readAheadKib.getAsLong() : "unknown",
        rotational.map(r -> r ? "yes" : "no").orElse("unknown"));
  }

  /** The file that sets this disk's read-ahead. */
  public String readAheadFile() {
    return "/sys/block/" + name + "/queue/read_ahead_kb";
  }

  /**
   * Bytes that all processes read and wrote since boot, or empty: fields 3 and 7 of the device's
   * {@code stat}, in sectors of 512 bytes.
   */
  public Optional<Traffic> traffic(KernelFiles files) {
    return files
        .text(CLASS + name + "/stat")
        .map(text -> text.split("\\s+", -1))
        .filter(fields -> fields.length >= 7)
        .map(
            fields ->
                new Traffic(512 * Long.parseLong(fields[2]), 512 * Long.parseLong(fields[6])));
  }

  /** Bytes that all processes transferred. */
  public record Traffic(long readBytes, long writtenBytes) {}

  private static BlockDevice atSysPath(KernelFiles files, String sysPath) {
    // A partition has no queue of its own: its disk is the directory above.
    String disk =
        files.exists(sysPath + "/partition")
            ? sysPath.substring(0, sysPath.lastIndexOf('/'))
            : sysPath;
    String queue = disk + "/queue/";
    OptionalLong rotational = files.number(queue + "rotational");
    return new BlockDevice(
        disk.substring(disk.lastIndexOf('/') + 1),
        files.text(disk + "/device/model").orElse(""),
        rotational.isPresent() ? Optional.of(rotational.getAsLong() != 0) : Optional.empty(),
        files.number(queue + "read_ahead_kb"),
        files.choice(queue + "scheduler").orElse(""));
  }
}
