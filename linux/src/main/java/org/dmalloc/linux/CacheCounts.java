/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

/**
 * Pages of a file range in the page cache, whichever process brought them in or changed them, in
 * bytes.
 *
 * @param cached there
 * @param dirty changed and not yet written
 * @param swapped of a file in memory: in swap. Of others: read before and reclaimed
 */
public record CacheCounts(long cached, long dirty, long swapped) {}
