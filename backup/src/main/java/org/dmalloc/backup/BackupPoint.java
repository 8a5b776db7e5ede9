/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.time.Instant;

/**
 * A checkpoint that can be restored.
 *
 * @param number of the checkpoint
 * @param at when it was made
 * @param pages how many pages are kept for it beyond those of the point before
 * @param byteSize what they take in the store
 */
public record BackupPoint(long number, Instant at, long pages, long byteSize) {}
