/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.dmalloc.spi.checkpoint.SlotFormat.Run;

/**
 * The pages of a checkpoint, each once: where it was written several times, as the last time has
 * it.
 */
final class LatestRuns {
  /**
   * A run in the slot.
   *
   * @param position where its content is
   * @param order how many were written before it
   */
  record Placed(Run run, long position, int order) {
    long endPage() {
      return run.firstPage() + run.pages();
    }
  }

  /** Takes the part of a run that holds. */
  interface Visitor {
    void part(Placed placed, long firstPage, long pages) throws IOException;
  }

  private final List<Placed> sorted;

  LatestRuns(List<Placed> runs) {
    sorted = new ArrayList<>(runs);
    sorted.sort(
        Comparator.<Placed>comparingInt(placed -> placed.run().member())
            .thenComparingLong(placed -> placed.run().firstPage()));
  }

  /** All runs, those that do not hold included. */
  List<Placed> all() {
    return sorted;
  }

  /** Shows them by member and page, ascending. */
  void visit(Visitor visitor) throws IOException {
    int from = 0;
    while (from < sorted.size()) {
      int member = sorted.get(from).run().member();
      int to = from;
      while (to < sorted.size() && sorted.get(to).run().member() == member) {
        to++;
      }
      visitMember(sorted.subList(from, to), visitor);
      from = to;
    }
  }

  /** Goes from border to border of runs; the last one written of those that reach over it holds. */
  private static void visitMember(List<Placed> runs, Visitor visitor) throws IOException {
    PriorityQueue<Placed> open =
        new PriorityQueue<>(Comparator.comparingInt(placed -> -placed.order()));
    int next = 0;
    long page = 0;
    while (true) {
      while (!open.isEmpty() && open.peek().endPage() <= page) {
        open.remove();
      }
      if (open.isEmpty()) {
        if (next == runs.size()) {
          return;
        }
        page = Math.max(page, runs.get(next).run().firstPage());
      }
      while (next < runs.size() && runs.get(next).run().firstPage() <= page) {
        open.add(runs.get(next++));
      }
      Placed top = open.peek();
      if (top == null || top.endPage() <= page) {
        continue;
      }
      int beyond = next;
      while (beyond < runs.size()
          && runs.get(beyond).run().firstPage() < top.endPage()
          && runs.get(beyond).order() < top.order()) {
        open.add(runs.get(beyond++)); // hidden below the top one, as far as that reaches
      }
      next = beyond;
      long end = top.endPage();
      if (next < runs.size()) {
        end = Math.min(end, runs.get(next).run().firstPage());
      }
      visitor.part(top, page, end - page);
      page = end;
    }
  }

  long pages(int member) {
    long[] sum = {0};
    try {
      visit((placed, first, pages) -> sum[0] += placed.run().member() == member ? pages : 0);
    } catch (IOException e) {
      throw new IllegalStateException(e); // counting reads nothing
    }
    return sum[0];
  }
}
