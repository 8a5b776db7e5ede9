/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

/** What to do about a request to fill more memory than there is. */
public enum MemoryCheck {
  /** Refuse it with the numbers, before and between the steps. */
  REFUSE,
  /** Go on and let the kernel find out, by its OOM killer if need be. */
  OFF
}
