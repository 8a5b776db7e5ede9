/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.List;
import org.dmalloc.measure.Measurement;

/**
 * One line of JSON on a child's standard output, after {@link #MARK}.
 *
 * @param step the name of a step; empty if the message concerns none
 * @param text the store's note, or the reason of a failure
 * @param runs the figures of a completed step, one for each part
 */
public record ChildMessage(
    Kind kind, String step, String text, long openNanos, List<Measurement> runs) {
  /** Starts the line, so that the output of a library is not taken for a message. */
  public static final String MARK = "@dmalloc ";

  public enum Kind {
    /** The store is open; the text describes it. */
    OPENED,
    BEGIN,
    DONE,
    /** The store does not support a step; the text gives the reason. */
    LACKS,
    /** A step failed, and the child goes on; the text gives the reason. */
    FAILED,
    /** The child gives up; the text gives the reason. */
    BROKEN,
    END
  }
}
