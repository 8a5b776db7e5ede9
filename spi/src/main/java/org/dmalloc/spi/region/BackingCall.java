/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.MemoryException;

/** A call to a region's backing, or of several. */
@FunctionalInterface
interface BackingCall {
  void run() throws MemoryException;
}
