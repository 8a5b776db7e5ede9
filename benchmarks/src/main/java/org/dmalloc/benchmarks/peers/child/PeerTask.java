/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import java.util.List;

/**
 * What a contender's JVM is told to do: one line of JSON on its standard input.
 *
 * @param peer the contender's id
 * @param directory an empty directory of its own
 * @param byteSize size of the store
 * @param cacheBytes what a cache of the contender's own may use
 * @param rows what to run, in this order; the fill is run always, and first
 * @param cellNanos how long to measure a row
 * @param fillNanos how long to measure the fill at most
 * @param seed decides the content
 * @param stream makes the random choices of this run differ from those of others
 * @param device name of the block device whose traffic is counted; empty for none
 */
public record PeerTask(
    String peer,
    String directory,
    long byteSize,
    long cacheBytes,
    List<Row> rows,
    long cellNanos,
    long fillNanos,
    long seed,
    long stream,
    String device) {}
