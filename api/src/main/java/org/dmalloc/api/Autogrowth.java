/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * How a region grows by itself: {@link MemoryRegion#ensure} makes it larger than it was asked for,
 * so that a region that grows in small steps is resized seldom.
 *
 * @param ceiling the size in bytes that no growth by itself goes beyond; 0 for none at all. A
 *     {@link MemoryRegion#resize} may go further
 * @param listener told of each growth, and of what was refused
 */
public record Autogrowth(long ceiling, GrowthListener listener) {
  /** {@link MemoryRegion#ensure} grows the region to just what is asked. */
  public static final Autogrowth NONE = new Autogrowth(0, GrowthListener.NONE);

  /**
   * Checks the ceiling.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public Autogrowth {
    if (ceiling < 0) {
      throw new IllegalArgumentException("ceiling " + ceiling + "; give bytes, or 0 for none");
    }
  }

  /** Growth up to a size, which nobody is told of. */
  public static Autogrowth upTo(long ceiling) {
    return new Autogrowth(ceiling, GrowthListener.NONE);
  }

  /** The same, and who is told of it. */
  public Autogrowth tellingTo(GrowthListener newListener) {
    return new Autogrowth(ceiling, newListener);
  }
}
