/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Backup} stands.
 *
 * @param state what it does now
 * @param kept the last checkpoint that the store has and that can be restored; 0 for none
 * @param keptAt when that was made; {@link Instant#EPOCH} for none
 * @param last the group's last checkpoint
 * @param pendingCheckpoints how many wait on the local disk for the store
 * @param pendingBytes what they take there
 * @param baseBytes how far the copy of a base is; 0 if none is made
 * @param baseTotalBytes how far it has to go
 * @param message why it does not go on, or what became of the checkpoints since the last one that
 *     is kept, in words; null if all is well
 */
public record BackupStatus(
    State state,
    long kept,
    Instant keptAt,
    long last,
    int pendingCheckpoints,
    long pendingBytes,
    long baseBytes,
    long baseTotalBytes,
    @Nullable String message) {
  /** What a backup does. */
  public enum State {
    /** It copies a base; nothing since the last kept checkpoint can be restored until it has. */
    COPYING_BASE,
    /** Each checkpoint is kept as it is made. */
    KEEPING,
    /** The store refuses or does not answer; it is tried again. */
    WAITING,
    /** The group was closed; what is left goes to the store. */
    ENDED,
    /** Another one has taken the backup over. */
    LOST,
    /** It was closed. */
    CLOSED
  }

  /** How many checkpoints behind the group the store is. */
  public long lag() {
    return Math.max(0, last - kept);
  }
}
