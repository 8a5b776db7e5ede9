/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Locale;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.MoveResult;
import org.dmalloc.api.StoredRegion;

/**
 * Moves a stored region between two backends of one store: with the gate shut one closes the file
 * and the other opens it. Nothing is copied.
 */
final class RemappingMigration {
  private static final Logger LOG = System.getLogger(RemappingMigration.class.getName());

  private final Move move;
  private final String name;
  private final long startNanos = System.nanoTime();

  RemappingMigration(Move move, String name) {
    this.move = move;
    this.name = name;
  }

  /** Whether the target's store holds the very file of this region. */
  static boolean serves(Placement source, Wish wish, String name, Backend target)
      throws MemoryException {
    if (wish.directory() != null) {
      return true; // both are asked for the same directory
    }
    Path path = source.region().info().path();
    if (path == null) {
      return false;
    }
    for (StoredRegion stored : target.provider().stored()) {
      if (stored.name().equals(name) && same(stored.path(), path)) {
        return true;
      }
    }
    return false;
  }

  private static boolean same(Path a, Path b) {
    return a.toAbsolutePath().normalize().equals(b.toAbsolutePath().normalize());
  }

  /** Moves; on failure the first backend has the file open again, as before. */
  MoveResult run() throws MemoryException {
    move.reached(Step.BEGIN);
    move.goOn();
    long pauseNanos =
        move.withGateShut(() -> Uninterrupted.run("dmalloc remap", this::exchange), move::goOn);
    try {
      move.reached(Step.EXCHANGED);
    } catch (MemoryException | RuntimeException | InternalError e) {
      LOG.log(Level.WARNING, "after the move of " + move.region(), e);
    }
    return new MoveResult(
        move.region().id(),
        move.source().backend().name(),
        move.target().name(),
        move.region().byteSize(),
        0,
        0,
        pauseNanos,
        System.nanoTime() - startNanos,
        "remap");
  }

  private void exchange() throws MemoryException {
    boolean wasOpen = move.source().region().info().open();
    move.source().region().close(); // what it throws, it throws before anything is released
    MemoryRegion opened;
    try {
      move.reached(Step.SOURCE_CLOSED);
      opened = open(move.target());
    } catch (MemoryException | RuntimeException | Error e) {
      if (wasOpen) {
        reopen(e);
      }
      throw e;
    }
    move.region().place(new Placement(move.target(), opened));
  }

  private MemoryRegion open(Backend backend) throws MemoryException {
    return backend.provider().open(move.region().wish().openOn(backend.capabilities(), name));
  }

  private void reopen(Throwable reason) {
    try {
      move.region().place(new Placement(move.source().backend(), open(move.source().backend())));
    } catch (MemoryException | RuntimeException e) {
      reason.addSuppressed(e);
      move.region()
          .lose(
              String.format(
                  Locale.ROOT,
                  "its file is whole in the store, but neither %s nor %s opens it: %s; mend that, and it is opened again by itself, or close it",
                  move.target().name(),
                  move.source().backend().name(),
                  e.getMessage()));
    }
  }
}
