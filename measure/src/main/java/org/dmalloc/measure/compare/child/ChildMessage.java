/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import org.dmalloc.measure.compare.cell.CellRun;
import org.jspecify.annotations.Nullable;

/**
 * One line of JSON on a child's standard output, after {@link #MARK}.
 *
 * @param kind what it tells
 * @param text the memory's note, the workload that begins or what failed
 * @param run the figures of a cell that is done
 */
public record ChildMessage(Kind kind, String text, @Nullable CellRun run) {
  /** Begins the line, so that what a library prints is not taken for a message. */
  public static final String MARK = "@dmalloc ";

  /** What a message tells. */
  public enum Kind {
    /** The memory is there; the text describes it. */
    READY,
    /** A workload begins; the text names it. */
    BEGIN,
    /** A cell is done. */
    CELL,
    /** A workload could not be run; the text says why. */
    REFUSED,
    /** The child gives up; the text says why. */
    FAILED,
    /** All is done. */
    DONE
  }
}
