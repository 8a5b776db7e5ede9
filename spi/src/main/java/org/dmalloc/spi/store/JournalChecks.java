/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.dmalloc.api.StoreFinding.Severity.ERROR;
import static org.dmalloc.api.StoreFinding.Severity.OK;
import static org.dmalloc.api.StoreFinding.Severity.WARNING;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.dmalloc.spi.checkpoint.Journals;

/** Examines the journals in a store's directory, and changes nothing. */
final class JournalChecks {
  private static final String REMOVED =
      "removed when the store is opened by someone who may write it";

  private final Path directory;

  /** The members that the files of the store say that they are. */
  private final Set<JournalRef> present;

  private final List<StoreFinding> findings = new ArrayList<>();

  private JournalChecks(Path directory, Set<JournalRef> present) {
    this.directory = directory;
    this.present = present;
  }

  static List<StoreFinding> findings(Path directory, List<RegionFileProbe> regions)
      throws MemoryException {
    Set<JournalRef> present = new HashSet<>();
    for (RegionFileProbe region : regions) {
      JournalRef journal = region.journal();
      if (journal != null) {
        present.add(journal);
      }
    }
    JournalChecks checks = new JournalChecks(directory, present);
    for (UUID id : Journals.list(directory)) {
      checks.check(id, Journals.inspect(directory, id));
    }
    for (Path left : Journals.unfinished(directory)) {
      checks.find(
          WARNING,
          String.valueOf(left.getFileName()),
          Files.isSymbolicLink(left)
              ? "a symbolic link, which no journal is; dmalloc does not follow it: remove it"
              : "a journal that is being made or deleted, or is left of that; " + REMOVED);
    }
    return checks.findings;
  }

  private void find(StoreFinding.Severity severity, String subject, String message) {
    findings.add(new StoreFinding(severity, subject, message));
  }

  private void check(UUID id, Journals.Inspection journal) {
    String subject =
        journal.group().isEmpty()
            ? "journal " + Journals.path(directory, id).getFileName()
            : "journal of group " + journal.group();
    int before = findings.size();
    if (!journal.damage().isEmpty()) {
      find(ERROR, subject, journal.damage());
    }
    journal.flaws().forEach(flaw -> find(WARNING, subject, flaw));
    if (journal.damage().isEmpty() && journal.members().isEmpty() && !journal.open()) {
      find(WARNING, subject, "it has no members; " + REMOVED);
    }
    journal.members().forEach((member, name) -> checkMember(subject, id, member, name, journal));
    if (findings.size() == before) {
      find(OK, subject, state(journal));
    }
  }

  private void checkMember(
      String subject, UUID id, int member, String name, Journals.Inspection journal) {
    if (name.isEmpty()) {
      find(
          journal.open() ? OK : WARNING,
          subject,
          "member "
              + member
              + " is being made or deleted"
              + (journal.open() ? "" : ", or is left of that; " + REMOVED));
    } else if (!journal.open() && !present.contains(new JournalRef(id, member))) {
      find(
          WARNING,
          subject,
          "the file of its region "
              + name
              + " is missing; put it back or restore it from a backup");
    }
  }

  private static String state(Journals.Inspection journal) {
    String checkpoint =
        journal.sealed() == 0 ? "no checkpoint yet" : "checkpoint " + journal.sealed();
    String pending = "";
    if (!journal.open() && journal.applied() < journal.sealed()) {
      pending = ", which the next opening of a member brings into the files";
    }
    return journal.members().size()
        + " regions, "
        + checkpoint
        + pending
        + (journal.open() ? ", open" : "");
  }
}
