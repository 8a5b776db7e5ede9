/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Sharing;

/** What a mapping of a file is to its other users. */
public enum MappingKind {
  /** Stores reach the file (MAP_SHARED). */
  SHARED(Abi.MAP_SHARED, Sharing.SHARED, AccessMode.READ_WRITE),
  /**
   * Like {@link #SHARED}, and the file system keeps its metadata durable before each store, so that
   * flushed CPU caches are enough (MAP_SHARED_VALIDATE | MAP_SYNC); needs DAX.
   */
  SHARED_SYNC(Abi.MAP_SHARED_VALIDATE | Abi.MAP_SYNC, Sharing.SHARED, AccessMode.READ_WRITE),
  /** Stores stay in this mapping (MAP_PRIVATE). */
  PRIVATE(Abi.MAP_PRIVATE, Sharing.PRIVATE, AccessMode.READ_WRITE),
  /**
   * The same, without counting all of it against what the kernel promises: for files larger than
   * the memory, of which few pages change.
   */
  PRIVATE_UNPROMISED(Abi.MAP_PRIVATE | Abi.MAP_NORESERVE, Sharing.PRIVATE, AccessMode.READ_WRITE),
  /** A shared mapping whose pages and segment are read-only; a descriptor for reading is enough. */
  READ_ONLY(Abi.MAP_SHARED, Sharing.SHARED, AccessMode.READ_ONLY);

  final int flags;
  private final Sharing sharing;
  private final AccessMode access;

  MappingKind(int flags, Sharing sharing, AccessMode access) {
    this.flags = flags;
    this.sharing = sharing;
    this.access = access;
  }

  /** Whether other mappings of the file see the stores. */
  public Sharing sharing() {
    return sharing;
  }

  /** Whether the segment takes stores. */
  public AccessMode access() {
    return access;
  }

  int protection() {
    return access == AccessMode.READ_ONLY ? Abi.PROT_READ : Abi.PROT_READ | Abi.PROT_WRITE;
  }
}
