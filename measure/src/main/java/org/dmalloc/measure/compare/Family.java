/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.Locale;

/** What holds the bytes that RAM does not. */
public enum Family {
  FILE,
  /** The kernel's swap areas. */
  SWAP,
  /** A file behind a buffer pool of the program's own. */
  POOL;

  public String label() {
    return this == POOL ? "buffer pool" : name().toLowerCase(Locale.ROOT);
  }
}
