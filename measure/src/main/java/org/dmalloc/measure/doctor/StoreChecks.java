/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.Mount;

/** The directories of the stores. */
final class StoreChecks {
  private static final long LOW_BYTES = 1L << 30;

  private StoreChecks() {}

  static List<Finding> fileSystem(MachineView machine) {
    return machine.directories().stream()
        .flatMap(
            directory ->
                Mount.holding(machine.files(), directory)
                    .map(mount -> fileSystem(directory, mount))
                    .stream())
        .toList();
  }

  private static Finding fileSystem(Path directory, Mount mount) {
    Subject subject = new Subject("file-system", "file system of " + directory);
    String value = mount.type() + " on " + mount.point();
    if (List.of(mount.options().split(",", -1)).contains("ro")) {
      return subject.warn(
          value + ", read-only",
          "no region can be allocated here",
          "mount -o remount,rw " + mount.point());
    }
    return switch (mount.type()) {
      case "ext4" ->
          subject.ok(
              value,
              "fallocate reserves at once and protects every later store; no reflink: copies of regions copy all bytes");
      case "xfs" ->
          subject.ok(
              value,
              "fallocate reserves at once; reflink clones regions, but a store to a cloned page needs new space and can meet a full disk");
      case "btrfs" ->
          subject.warn(
              value,
              "copy-on-write: reserved space does not protect stores, a full disk can be a signal; random writes fragment; reflink works",
              "chattr +C " + directory + " (before the first region), or another directory");
      case "tmpfs", "ramfs" ->
          subject.warn(
              value,
              "lies in RAM and swap: nothing is persistent, nothing is gained over anon; no cold start, no reflink",
              "configure a directory on a disk");
      case "overlay" ->
          subject.warn(
              value,
              "a container's upper layer: gone with the container; the disk below is not visible here",
              "mount a volume and configure its directory");
      case "nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "virtiofs" ->
          subject.warn(
              value,
              "on a network or a host: coherence, locks and fallocate are only as good as the server's",
              "");
      default ->
          subject.note(
              value,
              "not among the file systems this suite was tried on: run the verify command",
              "");
    };
  }

  static List<Finding> freeSpace(MachineView machine) {
    return machine.directories().stream()
        .map(directory -> freeSpace(directory, machine.freeSpace().apply(directory)))
        .toList();
  }

  private static Finding freeSpace(Path directory, OptionalLong free) {
    Subject subject = new Subject("free-space", "free space of " + directory);
    if (free.isEmpty()) {
      return subject.warn(
          "unknown",
          "the directory cannot be examined: allocation will fail",
          "mkdir -p " + directory);
    }
    boolean low = free.getAsLong() < LOW_BYTES;
    return subject.finding(
        low ? Severity.WARN : Severity.OK,
        Units.bytes(free.getAsLong()),
        "file regions are reserved in full when they are allocated: this is all they can have",
        low ? "df -h " + directory + "; free space there, or configure another directory" : "");
  }
}
