/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.linux.Ownership;
import org.dmalloc.measure.machine.SwapDevice;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;

/** Undoes changes, also half-made ones and those of a process that has ended. */
final class Cleaner {
  private static final Duration END_OF_PROCESSES = Duration.ofSeconds(20);

  private static final long RETRY_NANOS = 1_000_000;

  private final KernelFiles files;

  Cleaner(KernelFiles files) {
    this.files = files;
  }

  /**
   * Undoes a change. A change whose object is gone counts as undone.
   *
   * @throws IOException if that fails; the message says what to do by hand
   */
  void takeBack(Change change) throws IOException {
    switch (change.kind()) {
      case FILE -> deleteFile(Path.of(change.path()));
      case DIRECTORY -> OpenDirectory.delete(Path.of(change.path()));
      case SWAP_FILE -> {
        swapOff(change.path());
        deleteFile(Path.of(change.path()));
      }
      case ZRAM -> removeZram(change.path());
      case SETTING -> putBack(change);
      case CGROUP -> removeCgroup(Path.of(change.path()));
      case MOUNT -> unmount(Path.of(change.path()));
    }
  }

  /** Deletes only a regular file of this user, because the name may belong to another by now. */
  private static void deleteFile(Path path) throws IOException {
    Path file = path.toAbsolutePath().normalize();
    Path parent = file.getParent();
    Path name = file.getFileName();
    if (parent == null || name == null || !Files.isDirectory(parent)) {
      return;
    }
    Optional<OpenDirectory> opened = OpenDirectory.open(parent);
    if (opened.isEmpty()) {
      Files.deleteIfExists(file);
      return;
    }
    try (OpenDirectory in = opened.get()) {
      Optional<PosixFileAttributes> found = in.attributes(name);
      if (found.isEmpty()) {
        return;
      }
      if (!found.get().isRegularFile() || !Ownership.isOurs(found.get())) {
        throw new IOException(
            "delete " + file + ": not the file that was made; inspect it, and delete it yourself");
      }
      in.deleteFile(name);
    }
  }

  private void swapOff(String path) throws IOException {
    for (SwapDevice device : SwapDevice.all(files)) {
      if (device.path().equals(path)) {
        SystemProgram.run("swapoff", path);
      }
    }
  }

  private void removeZram(String device) throws IOException {
    swapOff(device);
    String name = device.substring(device.lastIndexOf('/') + 1);
    Path reset = Path.of("/sys/block", name, "reset");
    Path remove = Path.of(ZramDevice.CONTROL, "hot_remove");
    if (Files.exists(reset)) {
      untilItWorks(
          () -> {
            KernelSetting.write(reset, "1");
            KernelSetting.write(remove, name.replace("zram", ""));
          },
          "remove " + device,
          "close what has it open");
    }
  }

  private static void putBack(Change change) throws IOException {
    Path setting = Path.of(change.path());
    String now;
    try {
      now = KernelSetting.read(setting);
    } catch (NoSuchFileException e) {
      // The device is gone, and its setting with it.
      return;
    }
    if (now.equals(change.after())) {
      KernelSetting.write(setting, change.before());
    }
    // Another program has set any other value since; it stays.
  }

  private static void removeCgroup(Path group) throws IOException {
    Path members = group.resolve("cgroup.procs");
    if (!Files.exists(members)) {
      Files.deleteIfExists(group);
      return;
    }
    // Only a comparison puts processes into a group that it created.
    List<ProcessHandle> processes =
        KernelSetting.read(members)
            .lines()
            .map(line -> ProcessHandle.of(Long.parseLong(line.strip())))
            .flatMap(Optional::stream)
            .toList();
    processes.forEach(ProcessHandle::destroyForcibly);
    CompletableFuture<Void> ended =
        CompletableFuture.allOf(
            processes.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new));
    try {
      ended.orTimeout(END_OF_PROCESSES.toSeconds(), TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "remove %s: its processes did not end in %d s; end them and run again",
              group,
              END_OF_PROCESSES.toSeconds()),
          e);
    }
    // A process leaves its group a moment after its parent is told of its end.
    untilItWorks(() -> Files.deleteIfExists(group), "remove " + group, "end the processes in it");
  }

  private void unmount(Path point) throws IOException {
    while (Mount.all(files).stream().anyMatch(mount -> mount.point().equals(point))) {
      untilItWorks(
          () -> SystemProgram.run("umount", point.toString()),
          "unmount " + point,
          "end the processes that use it");
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  /** Repeats a step, because what a process just released may be busy for a moment longer. */
  private static void untilItWorks(Step step, String what, String remedy) throws IOException {
    long deadline = System.nanoTime() + END_OF_PROCESSES.toNanos();
    while (true) {
      try {
        step.run();
        return;
      } catch (IOException e) {
        if (System.nanoTime() > deadline) {
          throw new IOException(what + ": " + e.getMessage() + "; " + remedy + " and run again", e);
        }
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }
}
