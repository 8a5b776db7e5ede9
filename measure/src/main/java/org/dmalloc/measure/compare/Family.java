/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.util.Locale;

/** Where the bytes that do not fit into RAM are. */
public enum Family {
  FILE,
  /** The kernel's swap areas. */
  SWAP,
  /** A file behind the program's own buffer pool. */
  POOL;

  public String label() {
    return this == POOL ? "buffer pool" : name().toLowerCase(Locale.ROOT);
  }
}
