/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

/**
 * What merging has done.
 *
 * @param points how many checkpoints can be restored now
 * @param removedPoints how many cannot any more
 * @param writtenBytes what was written for that
 * @param freedBytes what was deleted, with what had been left behind by writers that were killed
 */
public record MergeReport(int points, int removedPoints, long writtenBytes, long freedBytes) {}
