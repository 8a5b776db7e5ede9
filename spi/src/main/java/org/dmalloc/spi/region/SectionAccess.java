/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.dmalloc.api.Access;
import org.jspecify.annotations.Nullable;

/**
 * An access section on a gate. Nothing keeps a reference to it, so compiled sections allocate none.
 */
final class SectionAccess implements Access {
  private final SectionGate gate;
  private final int slot;
  private final long threadId;
  private final MemorySegment segment;

  /** Ends the segment with the section; null if it is not checked. */
  private final @Nullable Arena arena;

  private boolean closed;

  SectionAccess(SectionGate gate, int slot, MemorySegment segment, @Nullable Arena arena) {
    this.gate = gate;
    this.slot = slot;
    this.threadId = Thread.currentThread().threadId();
    this.segment = segment;
    this.arena = arena;
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public void close() {
    long caller = Thread.currentThread().threadId();
    if (caller != threadId) {
      throw closedElsewhere(threadId, caller);
    }
    if (closed) {
      throw closedTwice(threadId);
    }
    closed = true;
    if (arena == null) {
      gate.exit(slot);
    } else {
      gate.exit(slot, arena);
    }
  }

  private static IllegalStateException closedElsewhere(long owner, long caller) {
    return new IllegalStateException(
        String.format(
            Locale.ROOT,
            "access section of thread #%d closed on thread #%d; its owner must close it",
            owner,
            caller));
  }

  private static IllegalStateException closedTwice(long owner) {
    return new IllegalStateException(
        String.format(
            Locale.ROOT,
            "access section of thread #%d closed twice; close it once, in a try-with-resources",
            owner));
  }
}
