/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;

/** What a run has left in the system and in the process that conducted it. */
final class SystemLeaks {
  private final KernelFiles files = KernelFiles.ofThisMachine();
  private final Path directory;
  private final Set<Long> children = new HashSet<>();

  /** Notes what is there before the run, all of whose files are below a directory. */
  SystemLeaks(Path directory) {
    this.directory = directory;
    ProcessHandle.current().descendants().forEach(child -> children.add(child.pid()));
  }

  /** What is there now, after everything was taken back. */
  List<String> find() throws IOException {
    List<String> leaks = new ArrayList<>();
    for (Mount mount : Mount.all(files)) {
      if (mount.point().startsWith(directory)) {
        leaks.add("mount at " + mount.point());
      }
    }
    for (SwapDevice swap : SwapDevice.all(files)) {
      if (Path.of(swap.path()).startsWith(directory)) {
        leaks.add("swap device " + swap.path());
      }
    }
    try (DirectoryStream<Path> loops = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
      for (Path loop : loops) {
        files
            .text(loop.resolve("loop").resolve("backing_file").toString())
            .filter(backing -> backing.startsWith(directory + "/"))
            .ifPresent(backing -> leaks.add("loop device " + loop + " of " + backing));
      }
    } catch (NoSuchFileException e) {
      // No sysfs here, and so no loop device that anybody could see.
    }
    ProcessHandle.current()
        .descendants()
        .filter(child -> child.isAlive() && !children.contains(child.pid()))
        .forEach(child -> leaks.add("process " + child.pid() + " " + child.info().command()));
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path each : descriptors) {
        String target = target(each);
        if (target.startsWith(directory + "/")) {
          leaks.add("descriptor of " + target);
        }
      }
    }
    if (Files.exists(directory)) {
      leaks.add("directory " + directory);
    }
    return leaks;
  }

  private static String target(Path descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (NoSuchFileException e) {
      return ""; // that of the listing itself
    }
  }
}
