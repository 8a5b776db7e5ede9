/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** The size of the pages behind a mapping. */
public enum PageSize {
  /** The kernel's choice. */
  DEFAULT,
  /** Huge pages (2 MiB on x86-64) where the kernel can; see {@link Residency#hugeBytes()}. */
  HUGE
}
