/* SPDX-License-Identifier: Apache-2.0 */
/** Tests of the on-disk form. */
@NullMarked
package org.dmalloc.store;

import org.jspecify.annotations.NullMarked;
