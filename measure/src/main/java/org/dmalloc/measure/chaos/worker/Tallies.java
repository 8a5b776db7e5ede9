/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.dmalloc.measure.chaos.worker.WorkerMessage.Refusal;
import org.dmalloc.measure.chaos.worker.WorkerMessage.Tally;

/** Counts what is done. Thread-safe. */
public final class Tallies {
  private static final int MOST_REASONS = 12;
  private static final Pattern PARTICULARS =
      Pattern.compile("'[^']*'|/\\S*|\\b[0-9]+(\\.[0-9]+)?\\b|\\b[0-9a-z]+-[0-9a-z-]+\\b");

  private final Map<String, Counts> counts = new TreeMap<>();
  private final AtomicLong checkedBytes = new AtomicLong();

  private static final class Counts {
    private long done;
    private long refused;
    private long longestNanos;
    private final Map<String, Long> refusals = new HashMap<>();
  }

  synchronized void done(String word, long nanos) {
    Counts of = of(word);
    of.done++;
    of.longestNanos = Math.max(of.longestNanos, nanos);
  }

  synchronized void refused(String word, String reason) {
    Counts of = of(word);
    of.refused++;
    String general = PARTICULARS.matcher(reason).replaceAll("…");
    if (of.refusals.size() < MOST_REASONS || of.refusals.containsKey(general)) {
      of.refusals.merge(general, 1L, Long::sum);
    }
  }

  private Counts of(String word) {
    return counts.computeIfAbsent(word, any -> new Counts());
  }

  void checked(long bytes) {
    checkedBytes.addAndGet(bytes);
  }

  public long checkedBytes() {
    return checkedBytes.get();
  }

  /** All counts, in the order of their words. */
  public synchronized List<Tally> all() {
    List<Tally> all = new ArrayList<>();
    counts.forEach(
        (word, of) ->
            all.add(
                new Tally(
                    word,
                    of.done,
                    of.refused,
                    of.longestNanos,
                    of.refusals.entrySet().stream()
                        .map(each -> new Refusal(each.getKey(), each.getValue()))
                        .toList())));
    return all;
  }
}
