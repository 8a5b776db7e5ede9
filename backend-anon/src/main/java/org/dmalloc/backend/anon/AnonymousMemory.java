/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.spi.machine.Machine;
import org.jspecify.annotations.Nullable;

/**
 * Mapped memory without a file, what must be kept open with it, and how it changes its size:
 * private memory, unless a subclass says otherwise.
 */
sealed class AnonymousMemory implements AutoCloseable permits MemfdMemory, ZeroDeviceMemory {
  private final Mapping mapping;
  private final String target;
  private final Machine machine;

  /** Takes a mapping over; messages call it {@code target}. */
  AnonymousMemory(Mapping mapping, String target, Machine machine) {
    this.mapping = mapping;
    this.target = target;
    this.machine = machine;
  }

  final Mapping mapping() {
    return mapping;
  }

  final String target() {
    return target;
  }

  final Machine machine() {
    return machine;
  }

  /** The memfd; null where there is none. */
  @Nullable OpenFile file() {
    return null;
  }

  /** What processes share; null where they do not. */
  @Nullable SharedMemfd shared() {
    return null;
  }

  /**
   * Makes room for a larger size, before that is mapped; undone by {@link #giveBack}.
   *
   * @param progress told of steps that take long; it or an interrupt cancels
   */
  void makeRoom(long newByteSize, ProgressListener progress) throws MemoryException {}

  /** Gives back what lies behind a size, which is not mapped any more or not yet. */
  void giveBack(long newByteSize, long oldByteSize) throws MemoryException {}

  /** Called when the memory has a size for good. */
  void settle(long byteSize) throws MemoryException {}

  /**
   * Maps another size anew, for nobody uses it.
   *
   * @param progress as for {@link #makeRoom}
   */
  void remap(long newByteSize, ProgressListener progress) throws MemoryException {
    mapping.resize(newByteSize);
  }

  @Override
  public void close() {
    mapping.close();
  }
}
