/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.backing.StoreMove;
import org.jspecify.annotations.Nullable;

/**
 * When a new region's file gets its name.
 *
 * @param atOnce when it is made; else when it has got its content
 * @param move the move that brings that; null if none does
 */
public record Naming(boolean atOnce, @Nullable StoreMove move) {
  /** When it is made. */
  public static final Naming AT_ONCE = new Naming(true, null);

  /** When it has become a snapshot. */
  public static final Naming AS_SNAPSHOT = new Naming(false, null);

  /** When a move has brought its content. */
  public static Naming after(StoreMove move) {
    return new Naming(false, move);
  }

  /** Creates the file; see {@link RegionStore#create} and {@link RegionStore#createUnpublished}. */
  public StoreFile create(
      RegionStore store,
      String name,
      OpenMode mode,
      long byteSize,
      Reservation reservation,
      SpaceReserver reserver,
      NameDurability durable,
      String holder)
      throws MemoryException {
    return atOnce
        ? store.create(name, mode, byteSize, reservation, reserver, durable, holder)
        : store.createUnpublished(
            name, mode, byteSize, reservation, move, reserver, durable, holder);
  }
}
