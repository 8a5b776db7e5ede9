/* SPDX-License-Identifier: Apache-2.0 */
/** What runs in the JVM of one contender: the rows, measured from cold. */
@NullMarked
package org.dmalloc.benchmarks.peers.child;

import org.jspecify.annotations.NullMarked;
