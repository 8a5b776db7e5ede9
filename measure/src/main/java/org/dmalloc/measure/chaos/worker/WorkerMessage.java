/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.List;

/**
 * One line of JSON on a worker's standard output, after {@link #MARK}.
 *
 * @param text what the kind says
 * @param tallies what was done so far, of COUNTS
 * @param checkedBytes how many bytes were compared so far, of COUNTS
 * @param added what was added to the shared counter so far, of COUNTS
 * @param perhapsAdded what a kill has left unknown of that, at most
 */
public record WorkerMessage(
    Kind kind, String text, List<Tally> tallies, long checkedBytes, long added, long perhapsAdded) {
  /** Starts the line. */
  public static final String MARK = "@chaos ";

  public WorkerMessage {
    tallies = List.copyOf(tallies);
  }

  static WorkerMessage of(Kind kind, String text) {
    return new WorkerMessage(kind, text, List.of(), 0, 0, 0);
  }

  public enum Kind {
    /** All that an earlier worker left was looked at. */
    READY,
    COUNTS,
    /** An act is not done here; the text has its word and the reason. */
    ABSENT,
    /** A file for the conductor to cut; the text is its path. */
    VICTIM,
    /** A region for another worker to look at; the text is a {@link Visit}. */
    TOKEN,
    /** Bytes are not what they must be. */
    LOST,
    /** Something happened that must not. */
    FAILED,
    /** Something is left that must not be. */
    LEAK,
    END
  }

  /**
   * How often something was done.
   *
   * @param done how often it came out
   * @param refused how often it was refused, with nothing changed
   * @param longestNanos the longest
   * @param refusals the reasons of refusals, without what differs from one to the next, and how
   *     often each
   */
  public record Tally(
      String word, long done, long refused, long longestNanos, List<Refusal> refusals) {
    public Tally {
      refusals = List.copyOf(refusals);
    }
  }

  public record Refusal(String reason, long count) {}
}
