/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.UUID;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Backs regions up and restores them. A service in OSGi; {@link #load()} in plain Java.
 *
 * <p><b>Ownership.</b> Whoever opens a store closes it, after the backups that use it. If the
 * bundle of this service stops, its backups end; the regions are not touched by that.
 *
 * <p><b>Threads.</b> All methods may be called from any thread. An interrupt ends those with a
 * {@link ProgressListener}, as an exception of the listener does.
 *
 * <p><b>Failure.</b> What the store, the disk or the kernel refuses, and what is damaged, is a
 * {@link MemoryException}. A byte that was damaged in the store is never given as the right one:
 * each object is compared with its digest before its first page is used.
 */
@ProviderType
public interface BackupService {
  /** Opens a directory as a store; the first write makes it. The caller closes it. */
  BackupStore directory(Path directory) throws MemoryException;

  /**
   * Opens a store by its address: a path or {@code file:} for a directory; else what an {@link
   * BackupStoreOpener} opens. The caller closes it.
   *
   * @throws IllegalArgumentException if nobody opens such addresses, where the message says what to
   *     add, or if it has a password
   */
  BackupStore open(String location, Map<String, String> options) throws MemoryException;

  /** Opens a store without options: {@link #open(String, Map)}. */
  default BackupStore open(String location) throws MemoryException {
    return open(location, Map.of());
  }

  /**
   * Keeps the checkpoints of a group from now on. The first one that can be restored is the last
   * that the group has, as soon as a base was copied; a group that has none needs no base. A backup
   * that the store has of the group is gone on with.
   *
   * @throws IllegalArgumentException if the backend does not let others keep its checkpoints
   * @throws IllegalStateException if this JVM backs the group up already
   * @throws MemoryException if the store cannot be read or written, if another owner has not ended
   *     its work there, or if the group has fewer checkpoints than the store: it is not the one
   *     that was backed up, but an older copy
   */
  Backup keep(CheckpointGroup group, BackupStore store, KeepOptions options) throws MemoryException;

  /** Keeps the checkpoints of a region and its group. */
  default Backup keep(MemoryRegion region, BackupStore store, RetentionPolicy retention)
      throws MemoryException {
    return keep(region.checkpoints(), store, KeepOptions.DEFAULT.withRetention(retention));
  }

  /** The backups that are open in this JVM. */
  List<Backup> backups();

  /**
   * What was kept of the regions in a directory. {@link #keep} leaves a record beside the files of
   * a group, in place of the one before; it stays when the regions are deleted.
   *
   * @param directory with the files of regions; nothing is known of one that is not there
   */
  List<KnownBackup> known(Path directory) throws MemoryException;

  /** What a store has, one entry for each group. */
  List<BackupInfo> list(BackupStore store) throws MemoryException;

  /**
   * The backup of a group in a store.
   *
   * @throws MemoryException if there is none
   */
  BackupInfo info(BackupStore store, UUID backup) throws MemoryException;

  /**
   * The checkpoint that is meant.
   *
   * @throws MemoryException if the backup has none that fits; the message names the nearest
   */
  BackupPoint find(BackupStore store, UUID backup, RestorePoint point) throws MemoryException;

  /**
   * Reads everything that a backup has and compares it with the sums and digests.
   *
   * @throws MemoryException if the store cannot be read; what is damaged is in the report
   */
  VerifyReport verify(BackupStore store, UUID backup, ProgressListener progress)
      throws MemoryException;

  /**
   * Makes new regions of a checkpoint. They are there under their names when this returns, durable;
   * before they have others, that begin with {@code restoring-}, and after a failure they are gone.
   *
   * @return the regions, open; the caller closes them
   * @throws IllegalArgumentException if a name is none that a region had
   * @throws MemoryException if there is no such checkpoint, if it is damaged, a name is taken, or
   *     space is missing
   */
  List<MemoryRegion> restore(
      BackupStore store, RestoreRequest request, MemoryProvider provider, ProgressListener progress)
      throws MemoryException;

  /**
   * Brings the regions of a group back to a checkpoint, as a new checkpoint: all or nothing. What
   * was stored since the last one is discarded. Waits for open sections, and none begins before it
   * has ended.
   *
   * @param backup the group that the checkpoint is of; mostly this one, or the one of which its
   *     regions are a copy
   * @return the number of the new checkpoint
   * @throws MemoryException if there is no such checkpoint, it is damaged, has other regions or
   *     sizes than the group, or the disk refuses; nothing has changed then
   */
  long restoreInto(
      CheckpointGroup group,
      BackupStore store,
      UUID backup,
      RestorePoint point,
      ProgressListener progress)
      throws MemoryException;

  /**
   * Merges and deletes what a policy does not keep, of a backup that nobody keeps now.
   *
   * @throws MemoryException if somebody does: it merges by itself, by its own policy
   */
  MergeReport merge(
      BackupStore store, UUID backup, RetentionPolicy retention, ProgressListener progress)
      throws MemoryException;

  /**
   * Keeps copies of a group's regions up to date from its backup, for reading: on another machine,
   * say.
   *
   * @param request the point is the newest
   * @throws MemoryException as {@link #restore} does
   */
  Standby follow(
      BackupStore store, RestoreRequest request, MemoryProvider provider, FollowOptions options)
      throws MemoryException;

  /**
   * The service of a program without OSGi, from the class path or the module path.
   *
   * @throws IllegalStateException if the jar of backups is not there
   */
  static BackupService load() {
    return ServiceLoader.load(BackupService.class, BackupService.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no BackupService; put the jar dmalloc-backup on the class path or module"
                        + " path"));
  }
}
