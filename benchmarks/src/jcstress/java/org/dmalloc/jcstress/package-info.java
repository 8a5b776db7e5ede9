/* SPDX-License-Identifier: Apache-2.0 */
/** The orderings that access sections promise, under jcstress. */
@NullMarked
package org.dmalloc.jcstress;

import org.jspecify.annotations.NullMarked;
