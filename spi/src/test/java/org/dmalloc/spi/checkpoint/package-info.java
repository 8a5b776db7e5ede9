/* SPDX-License-Identifier: Apache-2.0 */
/** Tests of checkpoints. */
@NullMarked
package org.dmalloc.spi.checkpoint;

import org.jspecify.annotations.NullMarked;
