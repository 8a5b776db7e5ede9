/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * Decides whether announcing pays, by what it costs and what a batch without it waits.
 *
 * <p>Announcing is on at first. After some batches one is left out, to see: if it does not wait
 * longer than announcing it would have taken, announcing stops until a batch does. After each that
 * waited, the next such trial comes twice as late. Counts have no locks: a lost one only moves a
 * trial.
 */
final class AnnouncementSense {
  private static final int FIRST_TRIAL = 2;
  private static final int RAREST_TRIAL = 1024;

  /** What a record takes that is in RAM but not in the page table, rounded up. */
  private static final long MINOR_FAULT_NANOS = 1_000;

  /** Copies of resident records go at 1 byte a nanosecond and more. */
  private static final long BYTES_PER_NANO = 1;

  /** Before anything was measured; falls to the cheapest announcement seen. */
  private static final double FIRST_COST_NANOS = 1_000;

  private volatile boolean fresh = true;
  private volatile boolean announcing = true;
  private volatile int trialIn = FIRST_TRIAL;
  private volatile int trialInterval = FIRST_TRIAL;
  private volatile double recordCostNanos = FIRST_COST_NANOS;

  /** Whether batches are announced, but for trials. */
  boolean announces() {
    return announcing;
  }

  /** Whether no trial has ended yet: nothing is known, and batches are best kept short. */
  boolean isFresh() {
    return fresh;
  }

  /** Asked once for each batch. */
  boolean wantsAnnouncement() {
    if (!announcing) {
      return false;
    }
    int left = trialIn - 1;
    trialIn = left;
    if (left > 0) {
      return true;
    }
    trialIn = trialInterval;
    return false;
  }

  /** Notes what an announcement took; the cheapest tell what it costs where nothing is read. */
  void announced(int records, long nanos) {
    if (records > 0) {
      double cost = (double) nanos / records;
      recordCostNanos = Math.min(cost, recordCostNanos);
    }
  }

  /** How much of the time that records took was a wait for the backing. */
  long waited(long nanos, int records, long recordBytes) {
    long inRam = records * (MINOR_FAULT_NANOS + recordBytes / BYTES_PER_NANO);
    return Math.max(0, nanos - inRam);
  }

  /** Whether announcing the batch would have been cheaper than this wait. */
  boolean isTooLong(long waitedNanos, int batchRecords) {
    return waitedNanos > recordCostNanos * batchRecords;
  }

  /** An unannounced batch waited. */
  void waits() {
    if (announcing) {
      trialInterval = Math.min(2 * trialInterval, RAREST_TRIAL);
    } else {
      trialInterval = FIRST_TRIAL;
    }
    trialIn = trialInterval;
    announcing = true;
    fresh = false;
  }

  /** An unannounced batch did not wait. */
  void flowed() {
    if (announcing) { // else nothing is stored: other threads read it
      announcing = false;
      fresh = false;
    }
  }
}
