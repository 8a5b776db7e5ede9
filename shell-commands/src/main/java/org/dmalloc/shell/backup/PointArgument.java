/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.shell.syntax.TimeSpan;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * What a user gives for a checkpoint: its number, a time, or how long ago. A time without a zone is
 * one of the machine's. A second that has no fraction is meant to its end, so that the time of a
 * checkpoint as it is listed finds it.
 */
final class PointArgument {
  private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
  private static final Pattern FRACTION = Pattern.compile(".*:\\d\\d:\\d\\d[.,]\\d.*");

  private PointArgument() {}

  static RestorePoint parse(@Nullable String text, ZonedDateTime now) {
    String word = text == null ? "latest" : text.strip();
    if (word.equals("latest")) {
      return RestorePoint.LATEST;
    }
    if (NUMBER.matcher(word).matches()) {
      long number = Long.parseLong(word);
      if (number == 0) {
        throw new UsageException("restore: there is no checkpoint 0; they begin with 1");
      }
      return RestorePoint.number(number);
    }
    return RestorePoint.at(time(word, now));
  }

  private static Instant time(String word, ZonedDateTime now) {
    String iso = word.replace(' ', 'T').replace(',', '.');
    for (Function<String, Instant> form : forms(now)) {
      try {
        Instant time = form.apply(iso);
        if (time.isAfter(now.toInstant())) {
          throw UsageException.of(
              "restore: CHECKPOINT '%s' is still to come, at %s; give a time that has been, with"
                  + " its date if it was not today",
              word, time);
        }
        return FRACTION.matcher(word).matches() ? time : time.plusNanos(999_999_999);
      } catch (DateTimeException e) {
        // Perhaps it is of the next form.
      }
    }
    try {
      return now.toInstant().minus(TimeSpan.parse(word, "CHECKPOINT").duration());
    } catch (UsageException e) {
      throw UsageException.of(
          "restore: CHECKPOINT '%s' is neither a number nor a time; give one such as 12,"
              + " 2026-01-31T18:30:00Z, '2026-01-31 18:30', 18:30, 2h for two hours ago, or"
              + " latest",
          word);
    }
  }

  private static List<Function<String, Instant>> forms(ZonedDateTime now) {
    return List.of(
        text -> OffsetDateTime.parse(text).toInstant(),
        text -> LocalDateTime.parse(text).atZone(now.getZone()).toInstant(),
        text -> now.with(LocalTime.parse(text)).toInstant());
  }
}
