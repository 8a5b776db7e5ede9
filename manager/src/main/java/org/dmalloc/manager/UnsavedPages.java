/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.CarriedGroup;

/**
 * What a checkpointed region has that its last checkpoint has not: pages, and a size and length. It
 * is kept outside of the region while one backend closes it and another opens it, and takes as much
 * memory as the private copies of the pages did.
 */
final class UnsavedPages implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final List<Run> runs = new ArrayList<>();
  private final long byteSize;
  private final long length;

  private record Run(long offset, MemorySegment content) {}

  private UnsavedPages(long byteSize, long length) {
    this.byteSize = byteSize;
    this.length = length;
  }

  /** Takes it from a backend's region; called between two checkpoints, with the gate shut. */
  static UnsavedPages of(CarriedGroup group, MemoryRegion backends) throws MemoryException {
    UnsavedPages unsaved = new UnsavedPages(backends.byteSize(), backends.length());
    String name = String.valueOf(backends.info().name());
    boolean done = false;
    try {
      group.unsaved(
          name, (region, offset, content) -> unsaved.add(offset, MemorySegment.ofBuffer(content)));
      done = true;
      return unsaved;
    } catch (OutOfMemoryError e) {
      throw MemoryException.of(
          "move",
          unsaved.byteSize,
          name,
          "there is no memory to keep what was stored since the last checkpoint: " + e.getMessage(),
          MemoryException.NO_ERRNO,
          "make a checkpoint, and try again",
          e);
    } finally {
      if (!done) {
        unsaved.close();
      }
    }
  }

  /** Stores it to another region at once, where both are open. */
  static void copy(CarriedGroup group, MemoryRegion backends, BackingRegion to)
      throws MemoryException {
    size(to, backends.byteSize(), backends.length());
    MemorySegment memory = to.backing();
    group.unsaved(
        String.valueOf(backends.info().name()),
        (region, offset, content) -> {
          long bytes = Math.min(content.remaining(), memory.byteSize() - offset);
          if (bytes > 0) {
            MemorySegment.copy(MemorySegment.ofBuffer(content), 0, memory, offset, bytes);
          }
        });
  }

  private static void size(MemoryRegion opened, long byteSize, long length) throws MemoryException {
    if (opened.byteSize() != byteSize) {
      opened.resize(byteSize); // grown since the last checkpoint
    }
    if (opened.length() != length) {
      opened.setLength(length);
    }
  }

  private void add(long offset, MemorySegment pages) {
    long bytes = Math.min(pages.byteSize(), byteSize - offset); // the last page may end behind it
    if (bytes > 0) {
      runs.add(new Run(offset, arena.allocate(bytes).copyFrom(pages.asSlice(0, bytes))));
    }
  }

  /** Stores it to the region that another backend, or the first one again, has opened. */
  void storeTo(MemoryRegion opened) throws MemoryException {
    size(opened, byteSize, length);
    if (!runs.isEmpty()) {
      MemorySegment memory =
          opened instanceof BackingRegion backing ? backing.backing() : opened.segment();
      runs.forEach(
          run -> MemorySegment.copy(run.content, 0, memory, run.offset, run.content.byteSize()));
    }
  }

  long byteSize() {
    return runs.stream().mapToLong(run -> run.content.byteSize()).sum();
  }

  @Override
  public void close() {
    arena.close();
  }
}
