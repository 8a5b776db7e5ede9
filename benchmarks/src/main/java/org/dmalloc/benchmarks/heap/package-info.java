/* SPDX-License-Identifier: Apache-2.0 */
/** What heaps cost: their speed beside other allocators, their waste, their metadata, opening. */
@NullMarked
package org.dmalloc.benchmarks.heap;

import org.jspecify.annotations.NullMarked;
