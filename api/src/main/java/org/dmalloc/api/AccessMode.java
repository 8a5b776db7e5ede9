/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** Whether a region may be written. */
public enum AccessMode {
  /** Read-only segment: a store is an exception in Java and never reaches the page tables. */
  READ_ONLY,
  /** Loads and stores. */
  READ_WRITE
}
