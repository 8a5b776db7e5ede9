/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * Counts of one provider since its activation.
 *
 * @param openRegions regions not closed yet
 * @param openBytes their sizes in all
 * @param limitBytes the configured limit of {@code openBytes}; {@link Long#MAX_VALUE} for none
 * @param allocations successful calls of {@code allocate} and {@code open}
 * @param closes closed regions
 * @param failures refused or failed calls of {@code allocate} and {@code open}
 */
public record ProviderStatistics(
    int openRegions,
    long openBytes,
    long limitBytes,
    long allocations,
    long closes,
    long failures) {}
