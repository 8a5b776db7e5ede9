/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

/** How a region came to its backend. */
public enum MoveMethod {
  /** Not at all: it was there already. */
  NONE,
  /** The same file was mapped anew, and nothing copied. */
  REMAP,
  /** Copied beside its users, then again what they wrote meanwhile. */
  COPY
}
