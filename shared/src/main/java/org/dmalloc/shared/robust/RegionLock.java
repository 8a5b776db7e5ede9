/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.time.Duration;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.shared.Acquirable;
import org.dmalloc.shared.Held;
import org.dmalloc.shared.LockState;
import org.dmalloc.shared.RobustLock;

/** A lock without sides, as users see it. */
final class RegionLock implements RobustLock {
  private final LockCore core;
  private final Acquirable side;

  RegionLock(LockCore core) {
    this.core = core;
    this.side = core.acquirable(LockCore.Side.EXCLUSIVE);
  }

  @Override
  public Held acquire() throws InterruptedException, MemoryException {
    return side.acquire();
  }

  @Override
  public Optional<Held> tryAcquire() throws MemoryException {
    return side.tryAcquire();
  }

  @Override
  public Optional<Held> tryAcquire(Duration timeout) throws InterruptedException, MemoryException {
    return side.tryAcquire(timeout);
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
