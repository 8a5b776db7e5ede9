/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.util.Map;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.HeapDamagedException;

/** The {@link Roots} of a heap that is open, with their lock. */
final class LockedRoots {
  private final Allocator allocator;
  private final BooleanSupplier isOpen;

  LockedRoots(Allocator allocator, BooleanSupplier isOpen) {
    this.allocator = allocator;
    this.isOpen = isOpen;
  }

  private <T> T locked(HeapTables.InSection<T> work) throws MemoryException {
    return allocator.section(
        memory ->
            allocator.locked(
                allocator.rooting,
                () -> {
                  if (!isOpen.getAsBoolean()) {
                    throw new IllegalStateException(allocator + " is closed");
                  }
                  return work.run(memory);
                }));
  }

  OptionalLong get(String name) throws MemoryException {
    byte[] bytes = Roots.encode(name);
    return locked(
        memory -> {
          OptionalLong offset = Roots.get(memory, seed(), bytes);
          Map<Long, String> flaws = offset.isPresent() ? Map.of() : Roots.flaws(memory, seed());
          for (Map.Entry<Long, String> flaw : flaws.entrySet()) { // it may be that one
            throw new HeapDamagedException(
                "root '" + name + "'",
                allocator.toString(),
                flaw.getKey(),
                flaw.getValue(),
                "run heap repair, which forgets that root",
                null);
          }
          return offset;
        });
  }

  void set(String name, long offset) throws MemoryException {
    allocator.requireWritable("set root '" + name + "'");
    locked(
        memory -> {
          Roots.set(memory, seed(), allocator.toString(), name, offset);
          return true;
        });
  }

  Map<String, Long> all() throws MemoryException {
    return locked(memory -> Roots.all(memory, seed()));
  }

  private long seed() {
    return allocator.header().seed();
  }
}
