/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/** When a region's disk space is taken. */
public enum Reservation {
  /**
   * At allocation, all of it: a full disk is an exception there. A region says so for as long as it
   * is true: {@link MemoryRegion#punch} may give space up.
   */
  RESERVED,
  /**
   * At the first store to each page. Fast to allocate and no larger on disk than what was stored,
   * but a store to a full disk (on tmpfs a load, too) is a SIGBUS: an {@link InternalError}, which
   * {@link BusErrors} makes a {@link MemoryException}, or in native code the end of the JVM.
   */
  SPARSE
}
