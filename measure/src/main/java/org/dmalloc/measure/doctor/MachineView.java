/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Setting;

/**
 * What the checks read of a machine.
 *
 * @param directories of stores; they need not exist yet
 * @param freeSpace the bytes that an ordinary user may still write below a directory; empty if
 *     unknown
 */
public record MachineView(
    KernelFiles files, List<Path> directories, Function<Path, OptionalLong> freeSpace) {
  public MachineView {
    directories = List.copyOf(directories);
  }

  public static MachineView thisMachine(List<Path> directories) {
    return new MachineView(KernelFiles.ofThisMachine(), directories, MachineView::usableSpace);
  }

  private static OptionalLong usableSpace(Path directory) {
    Path existing = directory.toAbsolutePath();
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    try {
      return existing == null
          ? OptionalLong.empty()
          : OptionalLong.of(Files.getFileStore(existing).getUsableSpace());
    } catch (IOException e) {
      // Shown as unknown: the file system may be gone or refuse this user.
      return OptionalLong.empty();
    }
  }

  /** The finding about a setting; none if this machine does not have it. */
  List<Finding> judge(Setting setting, LongFunction<Finding> judgement) {
    return judge(setting.number(files), judgement);
  }

  static List<Finding> judge(OptionalLong number, LongFunction<Finding> judgement) {
    return number.isPresent() ? List.of(judgement.apply(number.getAsLong())) : List.of();
  }
}
