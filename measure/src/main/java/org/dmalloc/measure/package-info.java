/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The engine of everything that measures: stores of pages, workloads over them, what runs one, and
 * the record that it gives.
 *
 * <h2>Vocabulary</h2>
 *
 * <dl>
 *   <dt>store
 *   <dd>a {@link org.dmalloc.measure.PageStore}: numbered pages, of a region or of anything else
 *   <dt>workload
 *   <dd>a {@link org.dmalloc.measure.Workload}: an order of accesses, without state
 *   <dt>operation
 *   <dd>the unit that is counted and timed; each workload says what its operation is
 *   <dt>page
 *   <dd>4096 bytes, whatever the machine's page size: the unit of content and of random accesses
 *   <dt>cold
 *   <dd>started with none of the store's pages in RAM; verified before the first operation
 *   <dt>warm
 *   <dd>started with the store's pages in RAM, as far as memory allows
 * </dl>
 *
 * <p>Every read is checked: a page holds words that depend on its number and a seed, so a mapping
 * that shows the wrong bytes fails the workload with a {@link
 * org.dmalloc.measure.WrongContentException} instead of giving a figure.
 *
 * <p>{@link org.dmalloc.measure.WorkloadRun} needs nothing but a store and a workload; it knows no
 * benchmark, table or other run, and so serves in a child JVM as well. A {@link
 * org.dmalloc.measure.Measurement} means the same whichever command shows it.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
