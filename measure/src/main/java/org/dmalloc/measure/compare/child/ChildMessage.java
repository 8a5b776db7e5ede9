/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.List;
import org.dmalloc.measure.Measurement;

/**
 * One line of JSON on a child's standard output, after {@link #MARK}.
 *
 * @param step the step that it is about; empty if none
 * @param text the store's note, or why something did not work
 * @param runs the figures of a step that is done, one for each part
 */
public record ChildMessage(
    Kind kind, String step, String text, long openNanos, List<Measurement> runs) {
  /** Begins the line, so that what a library prints is not taken for a message. */
  public static final String MARK = "@dmalloc ";

  public enum Kind {
    /** The store is there; the text describes it. */
    OPENED,
    BEGIN,
    DONE,
    /** The store has no way to do a step; the text says why. */
    LACKS,
    /** A step failed, and the child goes on; the text says why. */
    FAILED,
    /** The child gives up; the text says why. */
    BROKEN,
    END
  }
}
