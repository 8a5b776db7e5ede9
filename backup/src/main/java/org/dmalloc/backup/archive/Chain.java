/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The pieces that a checkpoint is made of: deltas, the newest first, and a base. */
public record Chain(List<Piece> newestFirst) {
  public Chain {
    newestFirst = List.copyOf(newestFirst);
  }

  /** The chain of a checkpoint with the nearest base; empty if none leads to it. */
  public static Optional<Chain> of(List<Piece> pieces, long number) {
    Map<Long, Piece> bases = new HashMap<>();
    Map<Long, Piece> deltas = new HashMap<>();
    pieces.forEach(piece -> (piece.isBase() ? bases : deltas).put(piece.to(), piece));
    List<Piece> newestFirst = new ArrayList<>();
    for (long at = number; ; ) {
      Piece base = bases.get(at);
      if (base != null && base.exact() <= number) {
        newestFirst.add(base);
        return Optional.of(new Chain(newestFirst));
      }
      Piece delta = deltas.get(at);
      if (delta == null) {
        return Optional.empty();
      }
      newestFirst.add(delta);
      at = delta.from();
    }
  }

  /** The checkpoints that can be restored, in ascending order, as the pieces that lead to them. */
  public static List<Piece> points(List<Piece> pieces) {
    List<Piece> ascending = new ArrayList<>(pieces);
    // Of a base and a delta to the same checkpoint the delta says what that had changed.
    ascending.sort(Comparator.comparingLong(Piece::to).thenComparing(Piece::kind));
    Map<Long, Long> exact = new HashMap<>(); // the first exact number by any base below
    Map<Long, Piece> points = new HashMap<>();
    for (Piece piece : ascending) {
      Long by = piece.isBase() ? Long.valueOf(piece.exact()) : exact.get(piece.from());
      if (by != null) {
        exact.merge(piece.to(), by, Math::min);
        if (exact.getOrDefault(piece.to(), Long.MAX_VALUE) <= piece.to() && piece.to() > 0) {
          points.put(piece.to(), piece);
        }
      }
    }
    List<Piece> sorted = new ArrayList<>(points.values());
    sorted.sort(Comparator.comparingLong(Piece::to));
    return sorted;
  }

  /** The last delta or base of the pieces that lead from one to the next, up to the newest. */
  public static Optional<Piece> newest(List<Piece> pieces) {
    return pieces.stream().max(Comparator.comparingLong(Piece::to).thenComparing(Piece::kind));
  }
}
