/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Moves regions from one backend to another while their users go on; an OSGi service beside the
 * provider whose regions can move.
 *
 * <p><b>Threads.</b> All methods may be called from any thread. A move runs on the thread that
 * called; other moves, of other regions, may run beside it.
 */
@ProviderType
public interface RegionMover {
  /**
   * Moves a region. What its users stored before and during the move is there afterwards; they wait
   * only while the last changes are copied. Whatever fails, the region stays where it was, whole.
   *
   * @param regionId a region of the managed provider
   * @param backend the {@linkplain MemoryProvider#name() name} of the backend to move it to
   * @param progress told how far the first copy is; an exception thrown there cancels the move, as
   *     an interrupt of the thread does
   * @return what was done; a region that is there already is left alone
   * @throws IllegalArgumentException if there is no such region or backend
   * @throws UnsupportedCapabilityException if the backend lacks what the region needs
   * @throws IllegalStateException if the region is closed, pinned, or already being moved
   * @throws MemoryException if space is short, the move was cancelled, or an access section stayed
   *     open through all attempts; the message names its owner
   */
  MoveResult move(long regionId, String backend, MoveOptions options, ProgressListener progress)
      throws MemoryException;

  /** All open movable regions, in the order of their ids. */
  List<ManagedRegionInfo> managed();

  /** One movable region; empty if there is none of that id, or it is closed. */
  default Optional<ManagedRegionInfo> managed(long regionId) {
    return managed().stream().filter(info -> info.id() == regionId).findFirst();
  }

  /** Regions that were still open when the bundle that took them stopped, oldest first. */
  List<LeakedRegion> leaks();
}
