/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.VisibleText;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Providers;

/** What completion offers where a command takes a region that is backed up, or a store. */
final class BackupCandidates {
  private BackupCandidates() {}

  static Optional<List<String>> of(Providers providers, BackupLookup backups, String placeholder) {
    return switch (placeholder) {
      case "ID" -> Optional.of(checkpointed(providers));
      case "BACKUP" ->
          Optional.of(
              known(backups).stream()
                  .flatMap(each -> Stream.concat(Stream.of(each.group()), each.regions().stream()))
                  .map(VisibleText::of)
                  .distinct()
                  .sorted()
                  .toList());
      case "STORE" ->
          Optional.of(
              known(backups).stream()
                  .map(each -> VisibleText.of(each.location()))
                  .distinct()
                  .sorted()
                  .toList());
      default -> Optional.empty();
    };
  }

  /**
   * The checkpoints of the backup that is named before the cursor.
   *
   * @param before the words of the line before the cursor
   */
  static List<String> points(BackupLookup backups, List<String> before) {
    try {
      List<BackupPoint> points =
          before.isEmpty() ? List.of() : backups.quickPoints(before.getFirst());
      return Stream.concat(
              points.stream().map(point -> Long.toString(point.number())), Stream.of("latest"))
          .toList();
    } catch (MemoryException e) {
      return List.of("latest"); // the command says why
    }
  }

  /** Open regions that have checkpoints, and stored ones that are known to have. */
  private static List<String> checkpointed(Providers providers) {
    return Stream.concat(
            providers.regions(fault -> {}).stream()
                .map(Backend.Open::info)
                .filter(info -> info.durability() == Durability.CHECKPOINT)
                .flatMap(BackupCandidates::names),
            providers.stored(refused -> {}).stream()
                .filter(each -> each.region().checkpointed())
                .map(each -> VisibleText.of(each.region().name()))
                .sorted())
        .distinct()
        .toList();
  }

  private static Stream<String> names(RegionInfo info) {
    String id = Long.toString(info.id());
    return info.name() == null ? Stream.of(id) : Stream.of(id, VisibleText.of(info.name()));
  }

  private static List<KnownBackup> known(BackupLookup backups) {
    try {
      return backups.known();
    } catch (MemoryException e) {
      return List.of(); // the command says why
    }
  }
}
