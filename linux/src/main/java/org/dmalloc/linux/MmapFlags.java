/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.util.ArrayList;
import java.util.List;

/** The flags of mmap(2), by their names. */
final class MmapFlags {
  /** These bits are a number, the kind of the mapping; all others are flags. */
  private static final int TYPE_MASK = 0xf;

  private MmapFlags() {}

  /** Such as {@code MAP_SHARED | MAP_FIXED}. */
  static String names(int flags) {
    List<String> names = new ArrayList<>();
    names.add(
        switch (flags & TYPE_MASK) {
          case Abi.MAP_SHARED -> "MAP_SHARED";
          case Abi.MAP_PRIVATE -> "MAP_PRIVATE";
          case Abi.MAP_SHARED_VALIDATE -> "MAP_SHARED_VALIDATE";
          default -> throw new IllegalArgumentException("no kind of mapping in " + flags);
        });
    addIf(flags, Abi.MAP_SYNC, "MAP_SYNC", names);
    addIf(flags, Abi.MAP_ANONYMOUS, "MAP_ANONYMOUS", names);
    addIf(flags, Abi.MAP_NORESERVE, "MAP_NORESERVE", names);
    addIf(flags, Abi.MAP_FIXED, "MAP_FIXED", names);
    return String.join(" | ", names);
  }

  private static void addIf(int flags, int flag, String name, List<String> names) {
    if ((flags & flag) != 0) {
      names.add(name);
    }
  }
}
