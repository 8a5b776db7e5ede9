/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Function;
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
   * {@code CREATE} it says "reserving" and stays in the middle of a creation.
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
    try (AutoCloseable region = new Holder().apply(arguments)) {
      System.out.println(region != null ? "open" : "nothing");
      awaitEndOfInput();
    } catch (java.io.UncheckedIOException e) {
      System.out.println(e.getCause().getMessage());
    }
  }

  private static void awaitEndOfInput() throws IOException {
    while (System.in.read() >= 0) {
      // What it reads does not matter.
    }
  }
}
