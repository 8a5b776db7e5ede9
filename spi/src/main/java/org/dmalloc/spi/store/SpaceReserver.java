/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import org.dmalloc.api.ProgressListener;

/** Takes disk space for a stretch of a region file, in the way of the backend. */
@FunctionalInterface
public interface SpaceReserver {
  /** Leaves the file sparse: space is taken when pages are stored to. */
  SpaceReserver SPARSE = (file, position, length) -> {};

  /**
   * Leaves the file sparse for content that follows at once; refuses only what cannot have room.
   */
  SpaceReserver BY_CONTENT =
      (file, position, length) -> ZeroFill.refuseHopeless(file, length, false);

  /**
   * Reserves {@code length} bytes from {@code position} on. The file is that long already, and
   * sparse there; its bytes must be zero afterwards. A failure makes the store undo everything.
   *
   * <p>During the creation of a named region {@link StoreFile#path()} is a temporary name, and the
   * file is locked. A descriptor that is opened on it here belongs to {@link StoreFile#attach}.
   *
   * @throws IOException if there is no space, or if the thread was interrupted; a {@link
   *     org.dmalloc.api.MemoryException} is passed on as it is
   */
  void reserve(StoreFile file, long position, long length) throws IOException;

  /**
   * Reserves by writing zeros, on any file system that does not compress or copy on write. Stops
   * with an exception when the thread is interrupted or the listener throws.
   */
  static SpaceReserver zeros(ProgressListener progress) {
    return new ZeroFill(progress, false);
  }

  /** Like {@link #zeros}, for a file that grows: to the end if nobody follows. */
  static SpaceReserver moreZeros(ProgressListener progress) {
    return new ZeroFill(progress, true);
  }
}
