/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

/** When the pages of a locked mapping come into RAM. */
public enum LockMode {
  /** All of them before the call returns. */
  NOW(0),
  /** Each at its first use (MLOCK_ONFAULT). */
  ON_FAULT(Abi.MLOCK_ONFAULT);

  final int flags;

  LockMode(int flags) {
    this.flags = flags;
  }
}
