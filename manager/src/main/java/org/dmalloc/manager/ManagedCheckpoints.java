/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.List;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;

/** The checkpoints of managed regions: those of the backend's group, wherever that is. */
sealed class ManagedCheckpoints implements CheckpointGroup permits ManagedLog {
  final ManagedGroup group;

  ManagedCheckpoints(ManagedGroup group) {
    this.group = group;
  }

  @Override
  public String name() {
    return group.now().name();
  }

  /** The managed regions; of those that were opened past the manager the backend's own. */
  @Override
  public List<MemoryRegion> regions() {
    return group.now().regions().stream()
        .map(each -> group.over(each).<MemoryRegion>map(managed -> managed).orElse(each))
        .toList();
  }

  @Override
  public long checkpoint(ProgressListener progress) throws MemoryException {
    return group.call(there -> there.checkpoint(progress));
  }

  @Override
  public void discard() throws MemoryException {
    group.call(
        there -> {
          there.discard();
          return there;
        });
  }

  @Override
  public void awaitApplied() throws MemoryException {
    group.call(
        there -> {
          there.awaitApplied();
          return there;
        });
  }

  @Override
  public CheckpointStatus status() {
    return group.now().status();
  }
}
