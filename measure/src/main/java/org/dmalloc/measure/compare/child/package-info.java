/* SPDX-License-Identifier: Apache-2.0 */
/** What runs in the child JVM of a contender: its memory, its workloads, and what it reports. */
@NullMarked
package org.dmalloc.measure.compare.child;

import org.jspecify.annotations.NullMarked;
