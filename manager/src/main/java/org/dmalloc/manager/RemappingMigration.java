/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.spi.region.Uninterrupted;

/**
 * Moves a stored region between two backends of one store: with the gate shut one closes the file
 * and the other opens it. Nothing is copied, but of a checkpointed region what was stored since its
 * last checkpoint ({@link UnsavedPages}).
 */
record RemappingMigration(Move move, String name) {
  /** Whether the name stands for the same file in the target's store. */
  static boolean serves(Placement source, RequestedAttributes asked, String name, Backend target)
      throws MemoryException {
    Path path = source.region().info().path();
    if (path != null && target.provider() instanceof StoreProvider store) {
      return same(store.fileOf(name, asked.directory()), path);
    }
    if (asked.directory() != null) {
      return true; // both are asked for the same directory
    }
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
    Path one = a.toAbsolutePath().normalize();
    Path other = b.toAbsolutePath().normalize();
    if (one.equals(other)) {
      return true;
    }
    try {
      // One directory by two paths is one store.
      return Objects.equals(one.getFileName(), other.getFileName())
          && Files.isSameFile(
              Objects.requireNonNull(one.getParent()), Objects.requireNonNull(other.getParent()));
    } catch (IOException e) {
      return false; // one of them is not there
    }
  }

  /** Moves; on failure the first backend has the file open again, as before. */
  MoveResult run() throws MemoryException {
    move.reached(Step.BEGIN);
    move.goOn();
    ManagedGroup group = move.region().group();
    long pauseNanos =
        group == null
            ? move.withGateShut(
                () -> Uninterrupted.run("dmalloc remap", this::exchange), move::goOn)
            : group.exchange(
                move.region(), () -> move.withGateShut(() -> exchange(group), move::goOn));
    move.reachedAfterwards(Step.EXCHANGED);
    return move.result(0, 0, pauseNanos, MoveMethod.REMAP, "");
  }

  /** Of a checkpointed region, between two checkpoints. */
  private void exchange(ManagedGroup group) throws MemoryException {
    MemoryRegion source = move.source().region();
    if (source.info().open()) {
      group.requireManaged(move.region());
      move.region().keep(UnsavedPages.of(group.carried("move", move.region()), source));
    }
    try {
      exchange();
    } finally {
      if (move.region().placement().region().info().open()) {
        move.region().releaseUnsaved(); // else a backend that opens it later gets it
      }
    }
  }

  private void exchange() throws MemoryException {
    boolean wasOpen = move.source().region().info().open();
    if (wasOpen) {
      move.requireName(); // or the file that is closed here could not be opened again
    }
    if (wasOpen && move.region().asked().processShared()) {
      exchangeOpen();
      return;
    }
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

  /**
   * Of a process-shared region the target opens the file first, so that this process is the same
   * member, and keeps its locks.
   */
  private void exchangeOpen() throws MemoryException {
    MemoryRegion source = move.source().region();
    MemoryRegion opened = open(move.target());
    try {
      if (opened.byteSize() != source.byteSize()) {
        throw move.failed(
            "another process has made it " + opened.byteSize() + " bytes",
            "resize it to that, and move it then",
            null);
      }
      move.reached(Step.SOURCE_CLOSED);
      source.close(); // what it throws, it throws before anything is released
    } finally {
      if (source.info().open()) {
        opened.close();
      } else {
        move.region().place(new Placement(move.target(), opened));
      }
    }
  }

  /** Opens the file that the source had open, and no other of its name. */
  private MemoryRegion open(Backend backend) throws MemoryException {
    RequestedAttributes asked = move.region().asked();
    OpenRequest request = asked.openOn(backend.capabilities(), name);
    ManagedGroup group = move.region().group();
    MemoryRegion opened =
        backend.open(
            group == null ? request : request.withCheckpoints(group.options()), move.region().id());
    try {
      Placement next = new Placement(backend, opened);
      Optional<String> now = next.stored().map(StoredBacking::fileKey);
      Optional<String> before = move.source().stored().map(StoredBacking::fileKey);
      if (now.isPresent() && before.isPresent() && !now.equals(before)) {
        throw move.failed("its file was replaced by another file", "put the file back", null);
      }
      asked.tellSince(asked.asOpened(), next, move.region());
      move.region().storeUnsaved(opened);
      return opened;
    } catch (MemoryException | RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  private void reopen(Throwable reason) {
    try {
      move.region().place(new Placement(move.source().backend(), open(move.source().backend())));
    } catch (MemoryException | RuntimeException e) {
      reason.addSuppressed(e);
      move.region().backing().lose(lost(String.valueOf(e.getMessage())));
    }
  }

  private String lost(String why) {
    String from = move.source().backend().name();
    String to = move.target().name();
    Optional<String> fate = move.source().region().detached();
    return fate.isPresent()
        ? fate.get()
            + ", while "
            + from
            + " and "
            + to
            + " took turns with it; put it back, and it is opened again by itself, or close it"
        : String.format(
            Locale.ROOT,
            "its file is whole in the store, but neither %s nor %s opens it: %s; repair that, and"
                + " it is opened again by itself, or close it",
            to,
            from,
            why);
  }
}
