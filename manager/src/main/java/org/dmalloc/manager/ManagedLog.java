/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CheckpointLog;

/** The same for those who keep checkpoints, where the backend lets them. */
final class ManagedLog extends ManagedCheckpoints implements CheckpointLog {
  ManagedLog(ManagedGroup group) {
    super(group);
  }

  private CheckpointLog now() {
    return (CheckpointLog) group.now();
  }

  @Override
  public UUID id() {
    return now().id();
  }

  @Override
  public Following follow(long after, Follower follower) {
    return now().follow(after, follower);
  }

  @Override
  public void readApplied(String region, long offset, MemorySegment into) throws MemoryException {
    now().readApplied(region, offset, into);
  }

  @Override
  public long replace(PageSource source) throws MemoryException {
    return group.call(there -> ((CheckpointLog) there).replace(source));
  }
}
