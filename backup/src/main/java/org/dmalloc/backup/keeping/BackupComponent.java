/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.BackupStoreOpener;
import org.dmalloc.backup.FollowOptions;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.backup.MergeReport;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.Standby;
import org.dmalloc.backup.VerifyReport;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** {@link Backups} as a service. Backups that are open when it stops end. */
@Component
public final class BackupComponent implements BackupService {
  private final List<BackupStoreOpener> openers = new CopyOnWriteArrayList<>();
  private final Backups backups = new Backups(() -> openers, InstantSource.system());

  /** Made by the component runtime. */
  public BackupComponent() {}

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addOpener(BackupStoreOpener opener) {
    openers.add(opener);
  }

  void removeOpener(BackupStoreOpener opener) {
    openers.remove(opener);
  }

  @Deactivate
  void deactivate() {
    backups.closeAll();
  }

  @Override
  public BackupStore directory(Path directory) throws MemoryException {
    return backups.directory(directory);
  }

  @Override
  public BackupStore open(String location, Map<String, String> options) throws MemoryException {
    return backups.open(location, options);
  }

  @Override
  public Backup keep(CheckpointGroup group, BackupStore store, KeepOptions options)
      throws MemoryException {
    return backups.keep(group, store, options);
  }

  @Override
  public List<Backup> backups() {
    return backups.backups();
  }

  @Override
  public List<KnownBackup> known(Path directory) throws MemoryException {
    return backups.known(directory);
  }

  @Override
  public List<BackupInfo> list(BackupStore store) throws MemoryException {
    return backups.list(store);
  }

  @Override
  public BackupInfo info(BackupStore store, UUID backup) throws MemoryException {
    return backups.info(store, backup);
  }

  @Override
  public BackupPoint find(BackupStore store, UUID backup, RestorePoint point)
      throws MemoryException {
    return backups.find(store, backup, point);
  }

  @Override
  public VerifyReport verify(BackupStore store, UUID backup, ProgressListener progress)
      throws MemoryException {
    return backups.verify(store, backup, progress);
  }

  @Override
  public List<MemoryRegion> restore(
      BackupStore store, RestoreRequest request, MemoryProvider provider, ProgressListener progress)
      throws MemoryException {
    return backups.restore(store, request, provider, progress);
  }

  @Override
  public long restoreInto(
      CheckpointGroup group,
      BackupStore store,
      UUID backup,
      RestorePoint point,
      ProgressListener progress)
      throws MemoryException {
    return backups.restoreInto(group, store, backup, point, progress);
  }

  @Override
  public MergeReport merge(
      BackupStore store, UUID backup, RetentionPolicy retention, ProgressListener progress)
      throws MemoryException {
    return backups.merge(store, backup, retention, progress);
  }

  @Override
  public Standby follow(
      BackupStore store, RestoreRequest request, MemoryProvider provider, FollowOptions options)
      throws MemoryException {
    return backups.follow(store, request, provider, options);
  }
}
