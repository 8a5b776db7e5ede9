/* SPDX-License-Identifier: Apache-2.0 */
/** The contenders behind one small interface, each with the settings that its own guide names. */
@NullMarked
package org.dmalloc.benchmarks.peers.store;

import org.jspecify.annotations.NullMarked;
