/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One mounted file system, from {@code /proc/self/mountinfo}.
 *
 * @param device its device number as {@code major:minor}
 * @param root what of the file system is mounted; {@code /} for all of it
 * @param point where it is mounted
 * @param type {@code ext4}, {@code xfs}, {@code btrfs}, {@code tmpfs} …
 * @param source what is mounted: a device file, or a word
 * @param options mount options, of the mount and of the file system, separated by commas
 */
public record Mount(
    String device, String root, Path point, String type, String source, String options) {
  /** All mounts, in the order of the kernel. */
  public static List<Mount> all(KernelFiles files) {
    List<Mount> mounts = new ArrayList<>();
    for (String line : files.lines("/proc/self/mountinfo")) {
      String[] halves = line.split(" - ", 2);
      if (halves.length < 2) {
        continue;
      }
      String[] left = halves[0].split(" ", -1);
      String[] right = halves[1].split(" ", -1);
      if (left.length >= 6 && right.length >= 2) {
        String superOptions = right.length >= 3 ? "," + right[2] : "";
        mounts.add(
            new Mount(
                left[2],
                unescape(left[3]),
                Path.of(unescape(left[4])),
                right[0],
                unescape(right[1]),
                left[5] + superOptions));
      }
    }
    return mounts;
  }

  /** The file system that holds a path: the deepest mount point above it, the latest of equals. */
  public static Optional<Mount> holding(KernelFiles files, Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    Mount best = null;
    for (Mount mount : all(files)) {
      if (absolute.startsWith(mount.point())
          && (best == null || mount.point().getNameCount() >= best.point().getNameCount())) {
        best = mount;
      }
    }
    return Optional.ofNullable(best);
  }

  /** Undoes the octal escapes that the kernel uses for blanks, tabs, newlines and backslashes. */
  private static String unescape(String text) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 3 < text.length() && text.substring(i + 1, i + 4).matches("[0-7]{3}")) {
        plain.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }
}
