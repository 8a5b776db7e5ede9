/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a snapshot is of.
 *
 * @param region the name that its region had; null if it had none
 * @param takenAt the time of its bytes, in milliseconds
 */
public record SnapshotOrigin(@Nullable String region, Instant takenAt) {}
