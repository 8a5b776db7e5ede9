/* SPDX-License-Identifier: Apache-2.0 */
/** Incremental backups of checkpointed regions. */
module org.dmalloc.backup {
  requires transitive org.dmalloc.api;

  exports org.dmalloc.backup;

  uses org.dmalloc.backup.BackupService;
  uses org.dmalloc.backup.BackupStoreOpener;

  provides org.dmalloc.backup.BackupService with
      org.dmalloc.backup.keeping.Backups;
}
