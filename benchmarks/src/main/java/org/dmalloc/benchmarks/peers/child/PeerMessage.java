/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import org.jspecify.annotations.Nullable;

/**
 * One line of JSON on a contender's standard output, after {@link #MARK}.
 *
 * @param kind what it tells
 * @param row the row that it is about; null if none
 * @param text the store's note, or why something did not work
 * @param run the figures of a row that is done; else null
 */
public record PeerMessage(Kind kind, @Nullable Row row, String text, @Nullable RowRun run) {
  /** Begins the line, so that what a library prints is not taken for a message. */
  public static final String MARK = "@dmalloc-peers ";

  /** What a message tells. */
  public enum Kind {
    /** A store was opened; the text describes it. */
    NOTE,
    /** A row begins. */
    BEGIN,
    /** A row is done. */
    DONE,
    /** The contender has no way to do the row; the text says why. */
    LACKS,
    /** The row failed; the text says why. */
    FAILED,
    /** The JVM gives up; the text says why. */
    BROKEN,
    /** All is done. */
    END
  }
}
