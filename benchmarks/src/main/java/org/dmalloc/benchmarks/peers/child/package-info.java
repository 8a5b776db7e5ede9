/* SPDX-License-Identifier: Apache-2.0 */
/** The code of a contender's JVM: the rows, measured from cold. */
@NullMarked
package org.dmalloc.benchmarks.peers.child;

import org.jspecify.annotations.NullMarked;
