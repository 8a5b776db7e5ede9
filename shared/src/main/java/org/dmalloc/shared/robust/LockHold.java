/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shared.Held;
import org.dmalloc.shared.robust.LockCore.Side;

/** A lock that one thread holds. Used by that thread alone. */
final class LockHold implements Held {
  private final LockCore core;
  private final Side side;
  private final Thread thread;

  /** What the owner's word is; for readers what it was when they came. */
  private long word;

  private boolean closed;

  LockHold(LockCore core, Side side, Thread thread, long word) {
    this.core = core;
    this.side = side;
    this.thread = thread;
    this.word = word;
  }

  Side side() {
    return side;
  }

  long word() {
    return word;
  }

  /**
   * Changes the owner's word.
   *
   * @throws MemoryException if it is not what this owner wrote
   */
  void change(MemorySegment memory, long to) throws MemoryException {
    if (!core.page().compareAndSet(memory, LockCore.OWNER, word, to)) {
      throw core.page()
          .damaged(
              "the owner's word was overwritten while thread " + thread.threadId() + " had it");
    }
    word = to;
  }

  @Override
  public boolean inconsistent() {
    return OwnerWord.isInconsistent(word);
  }

  @Override
  public void markConsistent() throws MemoryException {
    requireOwner();
    if (closed) {
      throw new IllegalStateException("mark " + core + " consistent: it was released");
    }
    if (side == Side.READING) {
      throw new IllegalStateException(
          "mark " + core + " consistent: it is held for reading; acquire it for writing");
    }
    if (inconsistent()) {
      core.inSection(
          memory -> {
            change(memory, word & ~OwnerWord.INCONSISTENT);
            return true;
          });
    }
  }

  private void requireOwner() {
    if (!Thread.currentThread().equals(thread)) {
      throw new IllegalStateException(
          core + " is held by thread " + thread.threadId() + "; release it there");
    }
  }

  @Override
  public void close() throws MemoryException {
    requireOwner();
    if (closed) {
      return;
    }
    try {
      core.inSection(
          memory -> {
            end(); // the page is there
            if (side == Side.READING) {
              core.leaveReading(memory);
            } else {
              core.giveUp(memory, this);
            }
            return true;
          });
    } catch (IllegalStateException e) {
      end(); // the region is closed
      throw e;
    }
  }

  private void end() {
    closed = true;
    if (side == Side.READING) {
      core.local().readers().remove(thread);
    }
  }

  @Override
  public String toString() {
    return side + " of " + core + " by thread " + thread.threadId();
  }
}
