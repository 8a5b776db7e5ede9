/* SPDX-License-Identifier: Apache-2.0 */
/** The comparison of this suite with its peers, each in a JVM under the same limit. */
@NullMarked
package org.dmalloc.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
