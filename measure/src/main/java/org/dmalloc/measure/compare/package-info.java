/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The comparison of ways to have more memory than RAM: the same workloads over each, under the same
 * memory limit, each in a child JVM of its own.
 *
 * <h2>Vocabulary</h2>
 *
 * <dl>
 *   <dt>contender
 *   <dd>one way to have memory, with its settings: a provider with an access pattern or a swap
 *       policy, a heap in a file, the C library's heap, or a buffer pool
 *   <dt>family
 *   <dd>what holds the bytes that RAM does not: a file, swap, or a file behind a buffer pool
 *   <dt>cell
 *   <dd>one workload over one contender
 *   <dt>run
 *   <dd>one measurement of a cell; a cell has several, each in another child JVM
 *   <dt>spread
 *   <dd>the range of the middle half of a cell's runs
 *   <dt>draw
 *   <dd>a difference that is within the spread, or too small to matter
 * </dl>
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.compare;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
