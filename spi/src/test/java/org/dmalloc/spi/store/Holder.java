/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;

/**
 * Opens a region as {@code DIRECTORY NAME MODE} says; started as a process of its own, or loaded by
 * another class loader together with a second copy of the store's classes.
 */
public final class Holder implements Function<String[], AutoCloseable> {
  @Override
  public AutoCloseable apply(String[] arguments) {
    try {
      return RegionStore.open(Path.of(arguments[0]))
          .open(arguments[1], OpenMode.valueOf(arguments[2]), "holder");
    } catch (org.dmalloc.api.MemoryException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /**
   * Says "open" and holds the region until its input ends, or says why it can't. With the mode
   * {@code PUT_OFF} it says "put off" after changes that wait for no force. With {@code LOCKED} it
   * locks the file, whatever that is. With {@code CREATE} it says "reserving" and stays in the
   * middle of a creation; with {@code CHURN} it says "churning" and creates and deletes the region
   * many times.
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments[2].equals("CREATE")) {
      RegionStore.open(Path.of(arguments[0]))
          .create(
              arguments[1],
              5000,
              Reservation.RESERVED,
              (file, at, length) -> {
                System.out.println("reserving");
                awaitEndOfInput();
              },
              "holder")
          .close();
      return;
    }
    if (arguments[2].equals("PUT_OFF")) {
      putOff(RegionStore.open(Path.of(arguments[0])), arguments[1]);
      System.out.println("put off");
      awaitEndOfInput();
      return;
    }
    if (arguments[2].equals("LOCKED")) {
      Path path = RegionStore.open(Path.of(arguments[0])).path(arguments[1]);
      try (LockedFile locked = LockedFile.open("open", path, OpenMode.WRITER, "holder")) {
        System.out.println(locked.isClosed() ? "closed" : "locked");
        awaitEndOfInput();
      }
      return;
    }
    if (arguments[2].equals("CHURN")) {
      System.out.println("churning");
      RegionStore store = RegionStore.open(Path.of(arguments[0]));
      for (int round = 0; round < 400; round++) {
        store.create(arguments[1], 100, Reservation.SPARSE, SpaceReserver.SPARSE, "holder").close();
        deleteUnlessListed(store, arguments[1]);
      }
      return;
    }
    try (AutoCloseable region = new Holder().apply(arguments)) {
      System.out.println(region != null ? "open" : "nothing");
      awaitEndOfInput();
    } catch (java.io.UncheckedIOException e) {
      System.out.println(e.getCause().getMessage());
    }
  }

  /** Creates, grows, renames and deletes, all without a force, and leaves two of them open. */
  private static void putOff(RegionStore store, String name) throws Exception {
    NameDurability putOff = NameDurability.ON_FORCE;
    for (String each : List.of(name, "grown", "old name", "deleted")) {
      StoreFile file =
          store.create(each, 5000, Reservation.SPARSE, SpaceReserver.SPARSE, putOff, "holder");
      if (each.equals("grown")) {
        file.resize(10_000, SpaceReserver.SPARSE);
        file.resize(20_000, SpaceReserver.SPARSE);
      } else if (each.equals("old name")) {
        file.rename("renamed", putOff, (now, path) -> {});
      } else {
        file.close();
      }
    }
    store.delete("deleted", false, putOff);
  }

  /** Whoever opens or lists in the other process holds the region for a moment. */
  private static void deleteUnlessListed(RegionStore store, String name) throws IOException {
    while (true) {
      try {
        store.delete(name);
        return;
      } catch (org.dmalloc.api.MemoryException e) {
        Thread.onSpinWait();
      }
    }
  }

  private static void awaitEndOfInput() throws IOException {
    while (System.in.read() >= 0) {
      // What it reads does not matter.
    }
  }
}
