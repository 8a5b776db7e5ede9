/* SPDX-License-Identifier: Apache-2.0 */
/** What docs/heap.md shows. */
@NullMarked
package org.dmalloc.heap.examples;

import org.jspecify.annotations.NullMarked;
