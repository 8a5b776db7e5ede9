/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The pattern AUTO: detects sequential streams in the page table, and advises the kernel range by
 * range. {@link org.dmalloc.backend.panama.auto.WatchedRegion} is one region under AUTO, {@link
 * org.dmalloc.backend.panama.auto.PagingObserver} the thread that makes passes over all of them;
 * what is learned and decided is {@code PatternLearner}'s, which makes no system call.
 *
 * <p>The terms are those of kernel readahead: a <i>sequential stream</i> is a thread that goes
 * through pages in order; several at once are <i>interleaved</i>; each has a <i>readahead
 * window</i>, the pages that the kernel may read before they are needed. A <i>sample</i> compares
 * the mapped pages of some blocks with those of the sample before, and the <i>sampling width</i> is
 * how many pages of each block it reads. A <i>pass</i> moves the windows on with their streams, and
 * takes a sample if one is due and the CPU budget, two token buckets, can pay for it.
 */
@NullMarked
package org.dmalloc.backend.panama.auto;

import org.jspecify.annotations.NullMarked;
