/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.shared.Acquirable;
import org.dmalloc.shared.LockState;
import org.dmalloc.shared.RobustReadWriteLock;

/** A lock with two sides, as users see it. */
final class RegionReadWriteLock implements RobustReadWriteLock {
  private final LockCore core;
  private final Acquirable reading;
  private final Acquirable writing;

  RegionReadWriteLock(LockCore core) {
    this.core = core;
    this.reading = core.acquirable(LockCore.Side.READING);
    this.writing = core.acquirable(LockCore.Side.WRITING);
  }

  @Override
  public Acquirable reading() {
    return reading;
  }

  @Override
  public Acquirable writing() {
    return writing;
  }

  @Override
  public MemoryRegion region() {
    return core.page().region();
  }

  @Override
  public long offset() {
    return core.page().offset();
  }

  @Override
  public LockState state() throws MemoryException {
    return core.state();
  }

  @Override
  public String toString() {
    return core.toString();
  }
}
