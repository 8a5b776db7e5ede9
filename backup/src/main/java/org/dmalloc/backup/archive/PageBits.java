/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Pages of members that are done with: a bit each, in pieces that are made when they are needed.
 */
final class PageBits {
  private static final int PIECE_PAGES = 1 << 20;

  private final Map<Integer, Map<Long, BitSet>> members = new HashMap<>();

  /** Marks a page; false if it was. */
  boolean add(int member, long page) {
    BitSet bits =
        members
            .computeIfAbsent(member, number -> new HashMap<>())
            .computeIfAbsent(page / PIECE_PAGES, number -> new BitSet());
    int bit = (int) (page % PIECE_PAGES);
    if (bits.get(bit)) {
      return false;
    }
    bits.set(bit);
    return true;
  }

  boolean has(int member, long page) {
    Map<Long, BitSet> pieces = members.get(member);
    BitSet bits = pieces == null ? null : pieces.get(page / PIECE_PAGES);
    return bits != null && bits.get((int) (page % PIECE_PAGES));
  }
}
