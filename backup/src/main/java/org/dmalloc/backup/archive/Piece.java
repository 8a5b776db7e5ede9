/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Pages that lead from one checkpoint to a later one, or, of a base, from nothing.
 *
 * @param kind base or delta
 * @param from the checkpoint whose pages it changes; 0 for a base
 * @param to the checkpoint to which it leads. Of a base that was copied while checkpoints went on,
 *     the one that it had all of when the copy began
 * @param exact the first checkpoint that is right when the deltas up to it are added; {@code to}
 *     but for such a base
 * @param at when checkpoint {@code to} was made
 * @param pages how many it has
 * @param storedBytes what its objects take
 * @param root the object that leads to all others; null if it has no pages and members: the base
 *     before the first checkpoint
 */
public record Piece(
    Kind kind,
    long from,
    long to,
    long exact,
    Instant at,
    long pages,
    long storedBytes,
    @Nullable ObjectRef root) {
  /** What a piece builds on. */
  public enum Kind {
    BASE,
    DELTA
  }

  /** Before the first checkpoint everything is zero. */
  public static Piece nothing() {
    return new Piece(Kind.BASE, 0, 0, 0, Instant.EPOCH, 0, 0, null);
  }

  boolean isBase() {
    return kind == Kind.BASE;
  }

  /** The same, right from another checkpoint on. */
  public Piece exactFrom(long number) {
    return new Piece(kind, from, to, number, at, pages, storedBytes, root);
  }
}
