/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import java.util.List;
import java.util.Optional;

/**
 * The raw disk below one backend's file, in all patterns that were asked for.
 *
 * @param subject the name of the backend
 * @param notes what did not work, and what replaced it; empty if all worked
 */
public record RawSurvey(String subject, String file, List<RawFigure> figures, List<String> notes) {
  public RawSurvey {
    figures = List.copyOf(figures);
    notes = List.copyOf(notes);
  }

  public Optional<RawFigure> figure(RawPattern pattern, int queueDepth) {
    return figures.stream()
        .filter(f -> f.pattern() == pattern && f.queueDepth() == queueDepth)
        .findFirst();
  }
}
