/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.doctor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.dmalloc.measure.doctor.Finding.Severity;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.Mount;

/** The directories of the stores. */
final class StoreChecks {
  private static final long LOW_BYTES = 1L << 30;

  private StoreChecks() {}

  /** What the file system can promise. */
  static List<Finding> fileSystem(Patient patient) {
    List<Finding> findings = new ArrayList<>();
    for (Path directory : patient.directories()) {
      Mount.holding(patient.files(), directory)
          .ifPresent(mount -> findings.add(judge(directory, mount)));
    }
    return findings;
  }

  private static Finding judge(Path directory, Mount mount) {
    String subject = "file system of " + directory;
    String value = String.format(Locale.ROOT, "%s on %s", mount.type(), mount.point());
    if (List.of(mount.options().split(",", -1)).contains("ro")) {
      return new Finding(
          "file-system",
          Severity.WARN,
          subject,
          value + ", read-only",
          "no region can be allocated here",
          "mount -o remount,rw " + mount.point());
    }
    return switch (mount.type()) {
      case "ext4" ->
          finding(
              Severity.OK,
              subject,
              value,
              "fallocate reserves at once and protects every later store; no reflink: copies of regions copy all bytes");
      case "xfs" ->
          finding(
              Severity.OK,
              subject,
              value,
              "fallocate reserves at once; reflink clones regions, but a store to a cloned page needs new space and can meet a full disk");
      case "btrfs" ->
          new Finding(
              "file-system",
              Severity.WARN,
              subject,
              value,
              "copy-on-write: reserved space does not protect stores, a full disk can be a signal; random writes fragment; reflink works",
              String.format(
                  Locale.ROOT,
                  "chattr +C %s (before the first region), or another directory",
                  directory));
      case "tmpfs", "ramfs" ->
          new Finding(
              "file-system",
              Severity.WARN,
              subject,
              value,
              "lies in RAM and swap: nothing is persistent, nothing is gained over anon; no cold start, no reflink",
              "configure a directory on a disk");
      case "overlay" ->
          new Finding(
              "file-system",
              Severity.WARN,
              subject,
              value,
              "a container's upper layer: gone with the container; the disk below is not visible here",
              "mount a volume and configure its directory");
      case "nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "virtiofs" ->
          finding(
              Severity.WARN,
              subject,
              value,
              "on a network or a host: coherence, locks and fallocate are only as good as the server's");
      default ->
          finding(
              Severity.NOTE,
              subject,
              value,
              "not among the file systems this suite was tried on: run the verify command");
    };
  }

  private static Finding finding(Severity severity, String subject, String value, String effect) {
    return new Finding("file-system", severity, subject, value, effect, "");
  }

  /** How much room is left. */
  static List<Finding> freeSpace(Patient patient) {
    List<Finding> findings = new ArrayList<>();
    for (Path directory : patient.directories()) {
      OptionalLong free = patient.freeSpace().below(directory);
      if (free.isEmpty()) {
        findings.add(
            new Finding(
                "free-space",
                Severity.WARN,
                "free space of " + directory,
                "unknown",
                "the directory cannot be examined: allocation will fail",
                "mkdir -p " + directory));
        continue;
      }
      boolean low = free.getAsLong() < LOW_BYTES;
      findings.add(
          new Finding(
              "free-space",
              low ? Severity.WARN : Severity.OK,
              "free space of " + directory,
              Units.bytes(free.getAsLong()),
              "file regions are reserved in full when they are allocated: this is all they can have",
              low
                  ? String.format(
                      Locale.ROOT,
                      "df -h %s; free space there, or configure another directory",
                      directory)
                  : ""));
    }
    return findings;
  }
}
