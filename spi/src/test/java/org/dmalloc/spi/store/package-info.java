/* SPDX-License-Identifier: Apache-2.0 */
/** Tests of the on-disk form. */
@NullMarked
package org.dmalloc.spi.store;

import org.jspecify.annotations.NullMarked;
