/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** How a snapshot got the bytes of its region. */
public enum SnapshotMethod {
  /**
   * The two files share their blocks (FICLONERANGE). Nothing was copied, but of a checkpointed
   * region what was stored since its last checkpoint.
   */
  REFLINK,
  /** Copied beside the users, and what was stored meanwhile again, found by dirty tracking. */
  TRACKED_COPY,
  /** Copied beside the users, and what was stored meanwhile again, found by comparison. */
  COMPARED_COPY,
  /** Copied at once while users waited, as a small region is. */
  PAUSED_COPY,
  /** Copied beside the users of a region that is read-only: there was nothing to wait for. */
  READ_ONLY_COPY,
  /**
   * Of a checkpointed region: its file was copied beside the users, then each checkpoint that was
   * made meanwhile, and what was stored since the last one while users waited.
   */
  CHECKPOINT_COPY
}
