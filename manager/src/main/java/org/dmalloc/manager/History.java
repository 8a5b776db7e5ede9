/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.dmalloc.api.move.MoveRecord;

/** A region's last moves. Holds names and numbers only, so that it keeps no backend alive. */
final class History {
  private static final int KEPT = 50;

  private final Deque<MoveRecord> records = new ArrayDeque<>();
  private long moves;

  synchronized void add(MoveRecord entry) {
    if (entry.result() != null) {
      moves++;
    }
    if (records.size() == KEPT) {
      records.removeFirst();
    }
    records.addLast(entry);
  }

  synchronized long moves() {
    return moves;
  }

  synchronized List<MoveRecord> records() {
    return List.copyOf(records);
  }
}
