/* SPDX-License-Identifier: Apache-2.0 */
/** What the calls of a region's life cost, beside the system calls that they need. */
@NullMarked
package org.dmalloc.benchmarks.costs;

import org.jspecify.annotations.NullMarked;
