/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is kept in a heap inside a region: an index of our own, Arrow vectors, sketches.
 *
 * <p>Each is found again after a restart by a root of the heap.
 */
@NullMarked
package org.dmalloc.examples.heap;

import org.jspecify.annotations.NullMarked;
