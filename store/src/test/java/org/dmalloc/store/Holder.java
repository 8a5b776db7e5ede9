/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.store;

import java.nio.file.Path;
import java.util.function.Function;

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

  /** Says "open" and holds the region until its input ends, or says why it can't. */
  public static void main(String[] arguments) throws Exception {
    try (AutoCloseable region = new Holder().apply(arguments)) {
      System.out.println(region != null ? "open" : "nothing");
      while (System.in.read() >= 0) {
        // Waits for the end of the input.
      }
    } catch (java.io.UncheckedIOException e) {
      System.out.println(e.getCause().getMessage());
    }
  }
}
