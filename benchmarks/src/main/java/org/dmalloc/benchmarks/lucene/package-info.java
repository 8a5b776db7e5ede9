/* SPDX-License-Identifier: Apache-2.0 */
/** The times of a Lucene index in regions beside those of one in {@code MMapDirectory}. */
@NullMarked
package org.dmalloc.benchmarks.lucene;

import org.jspecify.annotations.NullMarked;
