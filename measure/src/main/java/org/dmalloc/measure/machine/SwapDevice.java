/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;

/**
 * One swap area in use, from {@code /proc/swaps}.
 *
 * @param priority areas of higher priority are filled first
 */
public record SwapDevice(String path, Kind kind, long byteSize, long usedBytes, int priority) {
  /** What a swap area lies on. */
  public enum Kind {
    FILE,
    /** A partition or a whole disk. */
    PARTITION,
    /** Compressed memory: no disk at all. */
    ZRAM
  }

  /** Lists the areas in use, in the kernel's order. */
  public static List<SwapDevice> all(KernelFiles files) {
    List<SwapDevice> devices = new ArrayList<>();
    for (String line : files.lines("/proc/swaps")) {
      String[] words = line.split("\\s+", -1);
      if (words.length >= 5 && words[0].startsWith("/")) {
        devices.add(
            new SwapDevice(
                words[0],
                kind(words[0], words[1]),
                1024 * Long.parseLong(words[2]),
                1024 * Long.parseLong(words[3]),
                Integer.parseInt(words[4])));
      }
    }
    return devices;
  }

  /** The disk below; empty for zram, which causes no disk traffic, and if unknown. */
  public Optional<BlockDevice> disk(KernelFiles files) {
    return switch (kind) {
      case ZRAM -> Optional.empty();
      case PARTITION -> BlockDevice.ofDeviceFile(files, path);
      case FILE -> Mount.holding(files, real()).flatMap(mount -> BlockDevice.of(files, mount));
    };
  }

  private Path real() {
    try {
      return Path.of(path).toRealPath();
    } catch (IOException e) {
      // In a directory that this user may not search, or deleted meanwhile.
      return Path.of(path);
    }
  }

  private static Kind kind(String path, String type) {
    if (path.startsWith("/dev/zram")) {
      return Kind.ZRAM;
    }
    return type.equals("file") ? Kind.FILE : Kind.PARTITION;
  }
}
