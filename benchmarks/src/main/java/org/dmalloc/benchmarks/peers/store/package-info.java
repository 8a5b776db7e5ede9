/* SPDX-License-Identifier: Apache-2.0 */
/** The contenders: each behind one small interface, with the settings that its own guide names. */
@NullMarked
package org.dmalloc.benchmarks.peers.store;

import org.jspecify.annotations.NullMarked;
