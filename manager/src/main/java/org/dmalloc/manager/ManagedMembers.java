/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;

/**
 * The processes that have a managed region open, whichever backend it lies on. On another backend
 * of the same store this process is the same member; in another store it is a new one.
 */
final class ManagedMembers implements RegionMembers {
  private final ManagedRegion region;

  /** How many locks are held by it; guarded by this. */
  private int held;

  ManagedMembers(ManagedRegion region) {
    this.region = region;
  }

  private RegionMembers here() {
    return region
        .placement()
        .region()
        .members()
        .orElseThrow(() -> new IllegalStateException(region + " is on no backend"));
  }

  @Override
  public int self() {
    return here().self();
  }

  @Override
  public boolean isAlive(int member) throws MemoryException {
    return here().isAlive(member);
  }

  @Override
  public List<Long> processes() {
    return here().processes();
  }

  @Override
  public Optional<Hold> tryHold(String what) throws MemoryException {
    return take(() -> here().tryHold(what));
  }

  @Override
  public Optional<Hold> tryExclude() throws MemoryException {
    return take(() -> here().tryExclude());
  }

  @FunctionalInterface
  private interface Taking {
    Optional<Hold> take() throws MemoryException;
  }

  /** Inside a section, so that no move comes between. */
  private Optional<Hold> take(Taking taking) throws MemoryException {
    int section = region.gate().enter();
    try {
      Optional<Hold> taken = taking.take();
      return taken.map(Counted::new);
    } finally {
      region.gate().exit(section);
    }
  }

  /** Throws if a lock is held, which would stay with the file that a move leaves. */
  void requireNoneHeld() {
    synchronized (this) {
      if (held > 0) {
        throw new IllegalStateException(
            "move of "
                + region
                + " to another store: this process holds locks of it that other processes see, such"
                + " as that of its heap, or has opened locks in it; end that first, or close the"
                + " region");
      }
    }
  }

  private final class Counted implements Hold {
    private final Hold hold;
    private boolean ended;

    Counted(Hold hold) {
      this.hold = hold;
      synchronized (ManagedMembers.this) {
        held++;
      }
    }

    @Override
    public void close() throws MemoryException {
      synchronized (ManagedMembers.this) {
        if (!ended) {
          ended = true;
          held--;
        }
      }
      hold.close();
    }
  }
}
