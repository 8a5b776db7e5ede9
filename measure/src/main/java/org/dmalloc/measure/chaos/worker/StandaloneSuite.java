/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.backup.BackupService;
import org.dmalloc.heap.HeapService;

/** The suite in plain Java: each backend, and a second one of files with a store of its own. */
final class StandaloneSuite implements Suite {
  private static final String PANAMA = "panama";
  private static final String OTHER_STORE = "panama2";

  private final Dmalloc dmalloc;
  private final List<String> names = new ArrayList<>();
  private final HeapService heaps = HeapService.load();
  private final Optional<BackupService> backups = loadBackups();

  StandaloneSuite(Path disk) {
    Path store = disk.resolve(WorkerTask.STORES.getFirst());
    dmalloc = Dmalloc.open(Map.of("directory", store.toString()));
    names.addAll(dmalloc.names());
    if (names.contains(PANAMA)) {
      Path other = disk.resolve(WorkerTask.STORES.getLast());
      dmalloc.start(
          PANAMA, Map.of(MemoryProvider.BACKEND, OTHER_STORE, "directory", other.toString()));
      names.add(OTHER_STORE);
    }
    names.forEach(dmalloc::provider);
  }

  private static Optional<BackupService> loadBackups() {
    try {
      return Optional.of(BackupService.load());
    } catch (NoClassDefFoundError | IllegalStateException e) {
      return Optional.empty(); // said for the act, which is not done
    }
  }

  @Override
  public List<String> names() {
    return names;
  }

  @Override
  public MemoryProvider provider(String name) {
    return dmalloc.provider(name);
  }

  @Override
  public RegionMover mover() {
    return dmalloc.mover();
  }

  @Override
  public HeapService heaps() {
    return heaps;
  }

  @Override
  public Optional<BackupService> backups() {
    return backups;
  }

  @Override
  public boolean comesAndGoes() {
    return false;
  }

  @Override
  public void close() {
    dmalloc.close();
  }
}
