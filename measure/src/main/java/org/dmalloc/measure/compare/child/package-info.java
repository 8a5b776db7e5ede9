/* SPDX-License-Identifier: Apache-2.0 */
/** The code of a contender's child JVM: its memory, its workloads and its messages. */
@NullMarked
package org.dmalloc.measure.compare.child;

import org.jspecify.annotations.NullMarked;
