/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.dmalloc.spi.machine.Cgroup;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * The search for a way to limit the memory of a child process.
 *
 * @param limit empty if this user has no way on this machine
 * @param reasons why each way was rejected, and what would permit it
 */
public record LimitSearch(Optional<MemoryLimit> limit, List<String> reasons) {
  private static final long TRIAL_BYTES = 64L << 20;

  public LimitSearch {
    reasons = List.copyOf(reasons);
  }

  /** Tries version 2, version 1 and the user's systemd, in this order. */
  public static LimitSearch run(SetupJournal journal, KernelFiles files) {
    List<String> reasons = new ArrayList<>();
    Optional<MemoryLimit> limit =
        versionTwo(journal, files, reasons, Files::isWritable)
            .or(() -> versionOne(journal, files, reasons, Files::isWritable))
            .filter(found -> works(found, reasons))
            .or(() -> scope(reasons));
    return new LimitSearch(limit, reasons);
  }

  static Optional<MemoryLimit> versionTwo(
      SetupJournal journal, KernelFiles files, List<String> reasons, Predicate<Path> writable) {
    Optional<Cgroup> own = Cgroup.ofMemory(files, 2);
    if (own.isEmpty()) {
      reasons.add("cgroup version 2: not mounted");
      return Optional.empty();
    }
    boolean known = false;
    for (Path at : own.get().upwards()) {
      known |= Cgroup.listsMemory(files, at.resolve("cgroup.controllers"));
      // Groups below have a limit of their own only if the controller is delegated.
      if (Cgroup.listsMemory(files, at.resolve("cgroup.subtree_control"))
          && writable.test(real(files, at))) {
        return Optional.of(new CgroupLimit(journal, files, at, CgroupLimit.Version.V2));
      }
    }
    reasons.add(
        known
            ? "cgroup version 2: no group above this process is writable and hands the memory"
                + " controller on; run as root, or in a service with Delegate=memory"
            : "cgroup version 2: it does not have the memory controller here");
    return Optional.empty();
  }

  static Optional<MemoryLimit> versionOne(
      SetupJournal journal, KernelFiles files, List<String> reasons, Predicate<Path> writable) {
    Optional<Cgroup> own = Cgroup.ofMemory(files, 1);
    if (own.isEmpty()) {
      reasons.add("cgroup version 1: the memory controller is not mounted");
      return Optional.empty();
    }
    Path group = own.get().directory();
    if (writable.test(real(files, group))) {
      return Optional.of(new CgroupLimit(journal, files, group, CgroupLimit.Version.V1));
    }
    reasons.add("cgroup version 1: " + group + " is not writable; run as root");
    return Optional.empty();
  }

  /** A writable directory may still reject groups or limits, so this tries one. */
  private static boolean works(MemoryLimit limit, List<String> reasons) {
    try (MemoryLimit.Place place = limit.create(TRIAL_BYTES)) {
      SystemProgram.run(place.wrap(List.of("/bin/true")).toArray(String[]::new));
      return true;
    } catch (IOException e) {
      reasons.add(limit.description() + ": " + e.getMessage() + "; run as root");
      return false;
    }
  }

  private static Optional<MemoryLimit> scope(List<String> reasons) {
    List<String> command = new ArrayList<>(ScopeLimit.prefix(TRIAL_BYTES));
    // The scope's own cgroup shows whether the limit is set: without a delegated memory controller
    // systemd ignores it silently.
    command.addAll(
        List.of(
            "/bin/sh",
            "-c",
            "grep -qs . \"/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/memory.max\""
                + " || { echo 'MemoryMax is not taken'; exit 1; }"));
    try {
      SystemProgram.run(command.toArray(String[]::new));
      return Optional.of(new ScopeLimit());
    } catch (IOException e) {
      reasons.add(
          String.format(
              Locale.ROOT,
              "systemd scope: %s; log in to a session with a systemd of the user (loginctl"
                  + " enable-linger) and a delegated memory controller",
              e.getMessage()));
      return Optional.empty();
    }
  }

  private static Path real(KernelFiles files, Path path) {
    return files.root().resolve(path.toString().substring(1));
  }
}
