/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link CheckpointGroup} stands.
 *
 * @param number the last checkpoint; 0 if there has been none
 * @param at when it was made; {@link Instant#EPOCH} if there has been none
 * @param applied the last one that is in the files of the regions, and not in the journal alone
 * @param privateBytes what pages take that are not in the files yet, when they were last counted
 * @param privateBound the bound on that
 * @param journalBytes what the journal takes on the disk
 * @param last what the last checkpoint of this process took; null if there has been none
 * @param failure why the last checkpoint failed, or cannot be written to the files, or the group
 *     takes no sections, in words; null if all is well
 */
public record CheckpointStatus(
    long number,
    Instant at,
    long applied,
    long privateBytes,
    long privateBound,
    long journalBytes,
    @Nullable Cost last,
    @Nullable String failure) {
  /**
   * What one checkpoint took.
   *
   * @param changedBytes bytes of the pages in it
   * @param writtenBytes bytes written to the journal, pages that changed again meanwhile included
   * @param stop how long the gate was shut: no section could begin
   * @param durable from the call until the device had it
   * @param applied how long it took from there until the files had it; zero while it is under way
   */
  public record Cost(
      long changedBytes, long writtenBytes, Duration stop, Duration durable, Duration applied) {}
}
