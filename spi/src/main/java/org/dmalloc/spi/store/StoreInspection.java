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

/** Examines everything in a store's directory, and changes nothing. */
final class StoreInspection {
  private static final Set<PosixFilePermission> NOT_FOR_OTHERS =
      PosixFilePermissions.fromString("---rwxrwx");

  private final RegionStore store;
  private final Path directory;
  private final List<RegionFileProbe> probes = new ArrayList<>();
  private final List<RegionFileProbe> superseded = new ArrayList<>();
  private final List<StoreFinding> findings = new ArrayList<>();

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
      throw StoreErrors.of("list", -1, directory, e);
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
    if (!store.isMissingByDesign("verify")) {
      StoreErrors.run("verify", -1, directory, this::checkAll);
    } else if (StoreDirectory.hasGone(directory)) {
      find(
          ERROR,
          directory.toString(),
          "renamed or deleted since this JVM used it; put it back, or begin a new store:"
              + " mkdir -m 700 -p "
              + directory);
    } else {
      find(OK, directory.toString(), "not there yet; the first allocation creates it");
    }
    return findings;
  }

  private void find(StoreFinding.Severity severity, String subject, String message) {
    findings.add(new StoreFinding(severity, subject, message));
  }

  private void checkAll() throws IOException {
    FileSystemFacts facts = FileSystemFacts.of(directory);
    checkDirectory(facts);
    checkFileSystem(facts);
    checkTemporaries();
    for (RegionFileProbe probe : probes) {
      checkRegion(probe, facts);
    }
    findings.addAll(JournalChecks.findings(directory, probes));
  }

  private void checkDirectory(FileSystemFacts facts) throws IOException {
    String subject = directory.toString();
    if (!Files.isWritable(directory)) {
      find(
          WARNING,
          subject,
          "not writable: regions can be opened read-only, none allocated; check mode and"
              + " mount");
    }
    Path real = directory.toRealPath(); // the mode of a link to it says nothing
    if (facts.posix() && isOpenToOthers(real)) {
      find(
          WARNING,
          subject,
          "other users have access, mode " + mode(real) + "; chmod 700 " + subject);
    } else {
      find(OK, subject, "directory, " + probes.size() + " regions");
    }
  }

  private void checkFileSystem(FileSystemFacts facts) {
    String subject = "file system " + facts.type();
    find(
        facts.usableBytes() > 0 ? OK : WARNING,
        subject,
        facts.usableBytes() + " of " + facts.totalBytes() + " bytes are free");
    switch (facts.reserving()) {
      case HOLDS -> find(OK, subject, "reserved space takes later stores");
      case DOES_NOT_HOLD ->
          find(
              WARNING,
              subject,
              "every overwrite takes a new block, so a full disk can end the JVM in spite of"
                  + " reserved space; keep space free, or use ext4 or xfs");
      case UNKNOWN ->
          find(
              WARNING,
              subject,
              "it is not known whether reserved space takes later stores; keep space free");
    }
    if (facts.mayReflink()) {
      find(
          facts.reserving() == FileSystemFacts.Reserving.HOLDS ? OK : WARNING,
          subject,
          "files can share blocks: after a reflink copy of a region its reserved space does"
              + " not take stores until the copy is deleted");
    }
  }

  private void checkTemporaries() throws IOException {
    for (Path file : Temporaries.list(directory)) {
      checkTemporary(file);
    }
    for (RegionFileProbe old : superseded) {
      String target = old.note() == null ? "another store" : old.note().path();
      find(
          WARNING,
          name(old.region().path()),
          "left by a move to "
              + target
              + " that was cut off when that file was whole; removed when either is opened for"
              + " writing");
    }
  }

  private void checkTemporary(Path file) {
    try {
      if (RegionFileProbe.isHeld(file)) {
        find(OK, name(file), "an allocation is under way");
      } else {
        find(
            WARNING,
            name(file),
            "left by an allocation that was cut off; removed when the store is opened by someone"
                + " who may write it");
      }
    } catch (IOException e) {
      find(WARNING, name(file), unexaminable(file, e) + "; dmalloc makes no such file");
    }
  }

  private static String unexaminable(Path file, IOException e) {
    return String.valueOf(StoreErrors.of("examine", -1, file, e).getMessage());
  }

  private void checkRegion(RegionFileProbe probe, FileSystemFacts facts) {
    StoredRegion region = probe.region();
    String subject = "region " + region.name();
    int before = findings.size();
    if (region.state() == StoredRegion.State.UNUSABLE) {
      find(ERROR, subject, region.detail());
    }
    probe.flaws().forEach(flaw -> find(WARNING, subject, flaw));
    // What is no regular file has only to go: chmod would change what a link leads to.
    if (facts.posix() && Files.isRegularFile(region.path(), LinkOption.NOFOLLOW_LINKS)) {
      try {
        doubts(region.path()).forEach(doubt -> find(WARNING, subject, doubt));
      } catch (NoSuchFileException e) {
        // Deleted since it was listed.
      } catch (IOException e) {
        find(WARNING, subject, unexaminable(region.path(), e));
      }
    }
    if (findings.size() == before) {
      String state = region.state() == StoredRegion.State.OPEN ? region.detail() : "closed";
      find(OK, subject, region.path() + ": " + region.byteSize() + " bytes, " + state);
    }
  }

  /** What its entry in the directory says against trusting a file. */
  private static List<String> doubts(Path path) throws IOException {
    List<String> doubts = new ArrayList<>();
    if (isOpenToOthers(path)) {
      doubts.add("other users have access, mode " + mode(path) + "; chmod 600 " + path);
    }
    UserPrincipal owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
    UserPrincipal directoryOwner = Files.getOwner(Objects.requireNonNull(path.getParent()));
    if (!owner.equals(directoryOwner)) {
      doubts.add(
          String.format(
              Locale.ROOT,
              "%s is owned by %s, its directory by %s: %2$s can change its content; copy it if you"
                  + " trust it, or remove it",
              path,
              owner.getName(),
              directoryOwner.getName()));
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
