/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a region with {@link Durability#CHECKPOINT} is checkpointed. The first region of a group that
 * is opened in a process says so for the group; {@link #DEFAULT} of the others means the same.
 *
 * @param group the regions of a store that name the same group are checkpointed together, all or
 *     none; null for a region on its own. A region keeps the group that it was allocated in
 * @param every how long a change waits for an automatic checkpoint at the longest; zero for none.
 *     An automatic checkpoint may fall between two sections of what its user takes for one step
 * @param changedBytes how many changed bytes bring about an automatic checkpoint; 0 for none
 * @param privateBytes the bound on the bytes that changed pages take in RAM and swap until they are
 *     in the file, over all regions of the group; 0 for an eighth of the memory that the process
 *     may have. At the bound new sections wait for an automatic checkpoint, or throw where there is
 *     none; a single section that goes far beyond loses its segment
 * @param onClose whether closing a region makes a checkpoint first; if not, what was changed since
 *     the last one is discarded
 */
public record CheckpointOptions(
    @Nullable String group, Duration every, long changedBytes, long privateBytes, boolean onClose) {
  /** On its own, no automatic checkpoints but the one at its close. */
  public static final CheckpointOptions DEFAULT =
      new CheckpointOptions(null, Duration.ZERO, 0, 0, true);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if a number or duration is negative, or the group's name is
   *     not {@linkplain RegionNames#check allowed}
   */
  public CheckpointOptions {
    if (group != null) {
      RegionNames.check(group);
    }
    if (every.isNegative()) {
      throw new IllegalArgumentException(
          "automatic checkpoints every " + every + "; give a duration, or zero for none");
    }
    if (changedBytes < 0) {
      throw new IllegalArgumentException(
          "changedBytes " + changedBytes + "; give the bytes, or 0 for no automatic checkpoints");
    }
    if (privateBytes < 0) {
      throw new IllegalArgumentException(
          "privateBytes " + privateBytes + "; give the bound in bytes, or 0 for the default");
    }
  }

  public CheckpointOptions withGroup(@Nullable String newGroup) {
    return new CheckpointOptions(newGroup, every, changedBytes, privateBytes, onClose);
  }

  public CheckpointOptions withEvery(Duration newEvery) {
    return new CheckpointOptions(group, newEvery, changedBytes, privateBytes, onClose);
  }

  public CheckpointOptions withChangedBytes(long newChangedBytes) {
    return new CheckpointOptions(group, every, newChangedBytes, privateBytes, onClose);
  }

  public CheckpointOptions withPrivateBytes(long newPrivateBytes) {
    return new CheckpointOptions(group, every, changedBytes, newPrivateBytes, onClose);
  }

  public CheckpointOptions withOnClose(boolean newOnClose) {
    return new CheckpointOptions(group, every, changedBytes, privateBytes, newOnClose);
  }

  /** Whether there are automatic checkpoints while the region is open. */
  public boolean automatic() {
    return !every.isZero() || changedBytes > 0;
  }
}
