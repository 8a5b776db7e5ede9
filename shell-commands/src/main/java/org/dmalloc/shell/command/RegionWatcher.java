/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;

/**
 * Somebody who has built on regions, and is told before a command takes one away. The calls come on
 * the thread of the command, which goes on when they return and fails when they throw.
 */
public interface RegionWatcher {
  /** A command is about to close the region. */
  void closing(MemoryRegion region) throws MemoryException;

  /** A command is about to give the region another size. */
  void resizing(MemoryRegion region, long newByteSize) throws MemoryException;

  /** A command is about to take the region back to its last checkpoint. */
  void discarding(MemoryRegion region) throws MemoryException;
}
