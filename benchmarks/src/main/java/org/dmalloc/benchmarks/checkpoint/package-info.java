/* SPDX-License-Identifier: Apache-2.0 */
/** What checkpoints cost: durable pages beside other ways to keep them, their users, recovery. */
@NullMarked
package org.dmalloc.benchmarks.checkpoint;

import org.jspecify.annotations.NullMarked;
