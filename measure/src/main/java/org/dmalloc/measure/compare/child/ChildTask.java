/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.List;
import java.util.Map;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.jspecify.annotations.Nullable;

/**
 * What a child JVM is told to do: one line of JSON on its standard input, which then stays open for
 * as long as the child is wanted.
 *
 * @param kind what kind of memory
 * @param provider what {@link org.dmalloc.api.standalone.Dmalloc} starts the provider as; empty
 *     unless the kind is PROVIDER
 * @param properties the provider's configuration: text or lists of text
 * @param directory where files go
 * @param byteSize size of the memory
 * @param pattern the access pattern of the request; null for the one that fits each workload
 * @param policy the swap policy of the request; null for none
 * @param batchPages pages in an announcement; 0 for none
 * @param budgetBytes the region's resident budget; 0 to leave that to the kernel
 * @param ramBytes what of the memory RAM can hold beside the child itself, about
 * @param poolBytes the frames of a buffer pool; 0 for other kinds
 * @param workloads what to run, in this order; the first fill is run always, and first
 * @param measured those of them that are reported
 * @param cellNanos how long to measure each
 * @param warmUpNanos how long to run each before that
 * @param fillNanos how long to measure the fill at most
 * @param seed decides the content
 * @param stream makes the random choices of this run differ from those of others
 * @param devices names of the block devices whose traffic is counted
 * @param peakFile where the kernel tells the most that this process's cgroup was charged for; empty
 *     for that of the cgroup of version 2 that it finds itself in
 */
public record ChildTask(
    Kind kind,
    String provider,
    Map<String, List<String>> properties,
    String directory,
    long byteSize,
    @Nullable String pattern,
    @Nullable String policy,
    int batchPages,
    long budgetBytes,
    long ramBytes,
    long poolBytes,
    List<ComparedWorkload> workloads,
    List<ComparedWorkload> measured,
    long cellNanos,
    long warmUpNanos,
    long fillNanos,
    long seed,
    long stream,
    List<String> devices,
    String peakFile) {
  /** What kind of memory. */
  public enum Kind {
    /** A region of a provider. */
    PROVIDER,
    /** One block of malloc. */
    LIBRARY_HEAP,
    /** A buffer pool over a file. */
    BUFFER_POOL
  }
}
