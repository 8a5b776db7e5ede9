/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One entry in a region's history.
 *
 * @param at when the move ended
 * @param from the backend that it started on
 * @param to the backend that it was to go to
 * @param reason who or what wanted it
 * @param result what was done; null if it failed
 * @param failure why it failed, one line; null if it succeeded
 */
public record MoveRecord(
    Instant at,
    String from,
    String to,
    MoveReason reason,
    @Nullable MoveResult result,
    @Nullable String failure) {}
