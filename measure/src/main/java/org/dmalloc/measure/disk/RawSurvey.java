/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import java.util.List;
import java.util.Optional;

/**
 * What the raw disk below one backend's file gave in all patterns that were asked for.
 *
 * @param subject whose file it was: the name of a backend
 * @param figures the figures, in the order in which they were measured
 * @param notes what did not work, and what was used in its place; empty if all worked
 */
public record RawSurvey(String subject, String file, List<RawFigure> figures, List<String> notes) {
  public RawSurvey {
    figures = List.copyOf(figures);
    notes = List.copyOf(notes);
  }

  /** The figure of a pattern at a depth. */
  public Optional<RawFigure> figure(RawPattern pattern, int queueDepth) {
    return figures.stream()
        .filter(f -> f.pattern() == pattern && f.queueDepth() == queueDepth)
        .findFirst();
  }
}
