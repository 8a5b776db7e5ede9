/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** Who sees the stores to a mapping. */
public enum Sharing {
  /** The backend's own: shared on files and memfd, private on private anonymous memory. */
  DEFAULT,
  /** Stores reach the backing and everybody who maps it (MAP_SHARED). */
  SHARED,
  /**
   * Copy-on-write (MAP_PRIVATE): stores go to private pages of this mapping, which only swap backs,
   * and never reach the file.
   */
  PRIVATE
}
