/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

/** Who or what wanted a move; {@link #toString} has it in words. */
public enum MoveReason {
  /** A call of {@link RegionMover#move}. */
  COMMAND("command"),
  /** The stop of the backend that it lay on. */
  EVACUATION("evacuation"),
  /** The coming of a backend that can take a region without one. */
  RESCUE("rescue"),
  /** The policy RETURN: back to its own backend. */
  RETURN("policy RETURN"),
  /** The policy FOLLOW: to the best backend. */
  FOLLOW("policy FOLLOW"),
  /** The policy SPILL: from memory to a file, or back. */
  SPILL("policy SPILL");

  private final String words;

  MoveReason(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
