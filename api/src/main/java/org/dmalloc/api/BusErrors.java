/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * Makes an exception of a load or store that met a page with nothing behind it: for code that uses
 * segments of a region, as calls of this suite do themselves.
 *
 * <p>The kernel answers such an access with SIGBUS: the file was cut short, its disk is full and
 * the page has no block yet, or the device failed. HotSpot makes an {@link InternalError} of it.
 * Compiled code throws that not where it happened but at its next poll: at a loop, at the return of
 * a method, or at a call of a native method. So who catches it around an access may have left the
 * block by then, and must have it thrown before: by {@link #deliver}.
 *
 * <p>It does so for plain loads and stores, bulk copies and fills, which is all that this suite
 * does to memory that can lose its backing. {@link java.lang.foreign.MemorySegment#mismatch},
 * {@code compareAndSet}, checksums of direct buffers and native code end the JVM instead ({@link
 * MemoryRegion#verifyBacked}).
 */
public final class BusErrors {
  /** In the text of the error, which is the same in all JDKs since 9 but for what comes after. */
  private static final String UNSAFE_ACCESS = "unsafe memory access operation";

  private static final Object NOBODYS = new Object();

  private BusErrors() {}

  /** Uses the memory of a region. */
  @FunctionalInterface
  public interface Work<T, E extends Exception> {
    T run() throws MemoryException, E;
  }

  /**
   * Does work on the memory of a region.
   *
   * @param operation what it is called in messages
   * @throws MemoryException what the work throws; or why the region lost its backing ({@link
   *     MemoryRegion#faulted}), if it met a page with nothing behind it
   */
  public static <T, E extends Exception> T in(
      MemoryRegion region, String operation, Work<T, E> work) throws MemoryException, E {
    try {
      T result = work.run();
      deliver();
      return result;
    } catch (InternalError e) {
      throw region.faulted(operation, require(e));
    }
  }

  /**
   * Throws the {@link InternalError} of an access of this thread that has not been thrown yet. It
   * takes some ten nanoseconds: a call of a native method, which returns to Java by way of a check
   * for such errors, and does nothing else.
   */
  public static void deliver() {
    if (Thread.holdsLock(NOBODYS)) {
      throw new IllegalStateException("somebody else has the lock of this class");
    }
  }

  /** The same error, if it is that of an access to memory; else it is thrown. */
  public static InternalError require(InternalError error) {
    String message = error.getMessage();
    if (message == null || !message.contains(UNSAFE_ACCESS)) {
      throw error;
    }
    return error;
  }
}
