/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A named region as it lies in its store.
 *
 * @param name the region's name
 * @param byteSize its size in bytes; −1 if the metadata is unreadable
 * @param length how many of them are {@linkplain MemoryRegion#length() in use}; −1 if the metadata
 *     is unreadable
 * @param path the file
 * @param state whether it can be opened
 * @param detail why not, and what to do; empty when it can
 * @param createdAt when it was allocated; null if the metadata is unreadable
 * @param snapshot what it is a snapshot of, so that it is opened for reading only; null if it is
 *     none
 * @param checkpointed whether it was allocated with {@link Durability#CHECKPOINT}; false also where
 *     that is not known, as of one that is open in this JVM
 */
public record StoredRegion(
    String name,
    long byteSize,
    long length,
    Path path,
    State state,
    String detail,
    @Nullable Instant createdAt,
    @Nullable SnapshotOrigin snapshot,
    boolean checkpointed) {
  /** A region that is neither a snapshot nor checkpointed. */
  public StoredRegion(
      String name,
      long byteSize,
      long length,
      Path path,
      State state,
      String detail,
      @Nullable Instant createdAt) {
    this(name, byteSize, length, path, state, detail, createdAt, null, false);
  }

  /** Whether a stored region can be opened. */
  public enum State {
    /** Nobody has it open. */
    CLOSED,
    /** Open in this JVM or in another process. */
    OPEN,
    /** Damaged, foreign, cut short or too new. */
    UNUSABLE
  }
}
