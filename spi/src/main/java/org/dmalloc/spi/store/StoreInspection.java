/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.dmalloc.api.StoreFinding.Severity.ERROR;
import static org.dmalloc.api.StoreFinding.Severity.OK;
import static org.dmalloc.api.StoreFinding.Severity.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;

/** A look at everything in a store's directory, which changes nothing. */
final class StoreInspection {
  private static final Set<PosixFilePermission> NOT_FOR_OTHERS =
      PosixFilePermissions.fromString("---rwxrwx");

  private final RegionStore store;
  private final Path directory;
  private final List<RegionFileProbe> probes = new ArrayList<>();
  private final List<RegionFileProbe> superseded = new ArrayList<>();

  private StoreInspection(RegionStore store) {
    this.store = store;
    this.directory = store.directory();
  }

  static StoreInspection of(RegionStore store) throws MemoryException {
    StoreInspection inspection = new StoreInspection(store);
    if (!store.isMissingByDesign("list")) {
      inspection.probeAll();
    }
    return inspection;
  }

  private void probeAll() throws MemoryException {
    try {
      for (Path file : Temporaries.files(directory, StoreInspection::isRegionFile)) {
        RegionFileProbe.of(file)
            .ifPresent(
                probe -> {
                  // Where a new file has taken its place, the old one is a region no more.
                  if (probe.isSuperseded()) {
                    superseded.add(probe);
                  } else {
                    probes.add(probe.resolved());
                  }
                });
      }
    } catch (IOException e) {
      throw Refusal.of("list", -1, directory, e);
    }
    probes.sort(Comparator.comparing(probe -> probe.region().name()));
  }

  private static boolean isRegionFile(Path file) {
    return name(file).endsWith(RegionFileName.SUFFIX);
  }

  List<StoredRegion> regions() {
    return probes.stream().map(RegionFileProbe::region).toList();
  }

  List<StoreFinding> findings() throws MemoryException {
    List<StoreFinding> findings = new ArrayList<>();
    if (store.isMissingByDesign("verify")) {
      findings.add(
          SeenDirectories.hasGone(directory)
              ? new StoreFinding(
                  ERROR,
                  directory.toString(),
                  "renamed or deleted since this JVM used it; put it back, or begin a new store:"
                      + " mkdir -m 700 -p "
                      + directory)
              : new StoreFinding(
                  OK, directory.toString(), "not there yet; the first allocation creates it"));
      return findings;
    }
    try {
      FileSystemFacts facts = FileSystemFacts.of(directory);
      checkDirectory(facts, findings);
      checkFileSystem(facts, findings);
      checkTemporaries(findings);
      for (RegionFileProbe probe : probes) {
        checkRegion(probe, facts, findings);
      }
    } catch (IOException e) {
      throw Refusal.of("verify", -1, directory, e);
    }
    return findings;
  }

  private void checkDirectory(FileSystemFacts facts, List<StoreFinding> findings)
      throws IOException {
    String subject = directory.toString();
    if (!Files.isWritable(directory)) {
      findings.add(
          new StoreFinding(
              WARNING,
              subject,
              "not writable: regions can be opened read-only, none allocated; check mode and"
                  + " mount"));
    }
    Path real = directory.toRealPath(); // the mode of a link to it says nothing
    if (facts.posix() && isOpenToOthers(real)) {
      findings.add(
          new StoreFinding(
              WARNING,
              subject,
              String.format(
                  Locale.ROOT,
                  "other users have access, mode %s; chmod 700 %s",
                  mode(real),
                  subject)));
    } else {
      findings.add(new StoreFinding(OK, subject, "directory, " + probes.size() + " regions"));
    }
  }

  private void checkFileSystem(FileSystemFacts facts, List<StoreFinding> findings) {
    String subject = "file system " + facts.type();
    findings.add(
        new StoreFinding(
            facts.usableBytes() > 0 ? OK : WARNING,
            subject,
            String.format(
                Locale.ROOT, "%d of %d bytes are free", facts.usableBytes(), facts.totalBytes())));
    findings.add(
        switch (facts.reserving()) {
          case HOLDS -> new StoreFinding(OK, subject, "reserved space takes later stores");
          case DOES_NOT_HOLD ->
              new StoreFinding(
                  WARNING,
                  subject,
                  "every overwrite takes a new block, so a full disk can end the JVM in spite of"
                      + " reserved space; keep space free, or use ext4 or xfs");
          case UNKNOWN ->
              new StoreFinding(
                  WARNING,
                  subject,
                  "it is not known whether reserved space takes later stores; keep space free");
        });
    if (facts.mayReflink()) {
      findings.add(
          new StoreFinding(
              facts.reserving() == FileSystemFacts.Reserving.HOLDS ? OK : WARNING,
              subject,
              "files can share blocks: after a reflink copy of a region its reserved space does"
                  + " not take stores until the copy is deleted"));
    }
  }

  private void checkTemporaries(List<StoreFinding> findings) throws IOException {
    for (Path file : Temporaries.list(directory)) {
      findings.add(temporary(file));
    }
    for (RegionFileProbe old : superseded) {
      findings.add(
          new StoreFinding(
              WARNING,
              name(old.region().path()),
              String.format(
                  Locale.ROOT,
                  "left by a move to %s that was cut off when that file was whole; removed when"
                      + " either is opened for writing",
                  old.note() == null ? "another store" : old.note().path())));
    }
  }

  private static StoreFinding temporary(Path file) {
    try {
      return RegionFileProbe.isHeld(file)
          ? new StoreFinding(OK, name(file), "an allocation is under way")
          : new StoreFinding(
              WARNING,
              name(file),
              "left by an allocation that was cut off; removed when the store is opened by"
                  + " someone who may write it");
    } catch (IOException e) {
      return new StoreFinding(
          WARNING,
          name(file),
          Refusal.of("examine", -1, file, e).getMessage() + "; dmalloc makes no such file");
    }
  }

  private static void checkRegion(
      RegionFileProbe probe, FileSystemFacts facts, List<StoreFinding> findings) {
    StoredRegion region = probe.region();
    String subject = "region " + region.name();
    int before = findings.size();
    if (region.state() == StoredRegion.State.UNUSABLE) {
      findings.add(new StoreFinding(ERROR, subject, region.detail()));
    }
    for (String flaw : probe.flaws()) {
      findings.add(new StoreFinding(WARNING, subject, flaw));
    }
    // What is no regular file has only to go: chmod would change what a link leads to.
    if (facts.posix() && Files.isRegularFile(region.path(), LinkOption.NOFOLLOW_LINKS)) {
      try {
        for (String doubt : doubts(region.path())) {
          findings.add(new StoreFinding(WARNING, subject, doubt));
        }
      } catch (NoSuchFileException e) {
        // Deleted since it was listed.
      } catch (IOException e) {
        findings.add(
            new StoreFinding(
                WARNING,
                subject,
                String.valueOf(Refusal.of("examine", -1, region.path(), e).getMessage())));
      }
    }
    if (findings.size() == before) {
      String state = region.state() == StoredRegion.State.OPEN ? region.detail() : "closed";
      findings.add(
          new StoreFinding(
              OK,
              subject,
              String.format(
                  Locale.ROOT, "%s: %d bytes, %s", region.path(), region.byteSize(), state)));
    }
  }

  /** What its entry in the directory says against trusting a file. */
  private static List<String> doubts(Path path) throws IOException {
    List<String> doubts = new ArrayList<>();
    if (isOpenToOthers(path)) {
      doubts.add(
          String.format(
              Locale.ROOT, "other users have access, mode %s; chmod 600 %s", mode(path), path));
    }
    UserPrincipal owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
    UserPrincipal directoryOwner = Files.getOwner(Objects.requireNonNull(path.getParent()));
    if (!owner.equals(directoryOwner)) {
      doubts.add(
          String.format(
              Locale.ROOT,
              "%s is owned by %s, its directory by %s: %s can change its content; copy it if you"
                  + " trust it, or remove it",
              path,
              owner.getName(),
              directoryOwner.getName(),
              owner.getName()));
    }
    if (path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      int links = (Integer) Files.getAttribute(path, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
      if (links > 1) {
        doubts.add(
            String.format(
                Locale.ROOT,
                "%s has %d names (hard links): what is stored by one shows in all, and deleting"
                    + " one gives no space back; find the others with find -samefile",
                path,
                links));
      }
    }
    return doubts;
  }

  private static boolean isOpenToOthers(Path path) throws IOException {
    return Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS).stream()
        .anyMatch(NOT_FOR_OTHERS::contains);
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }
}
