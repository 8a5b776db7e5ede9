/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * What it has cost a provider so far to find out the patterns of regions under {@link
 * AccessPattern#AUTO}, and what came of it. Counts are since the provider's activation.
 *
 * @param watchedRegions open regions that are watched
 * @param restingRegions those of them that nobody uses now, and that cost nothing until somebody
 *     does
 * @param passes how often it checked whether anything happens
 * @param scans how often it searched the page table for new streams
 * @param cpuNanos processor time of all that, in nanoseconds
 * @param streams runs of pages in order that it found
 * @param changes changes of advice
 * @param splitBytes memory whose large folios it split, so that small stores write little
 * @param splitCpuNanos processor time of the splitting
 * @param failure why it gave up on a region, the last time; empty if it never did
 */
public record PagingStatistics(
    int watchedRegions,
    int restingRegions,
    long passes,
    long scans,
    long cpuNanos,
    long streams,
    long changes,
    long splitBytes,
    long splitCpuNanos,
    String failure) {}
