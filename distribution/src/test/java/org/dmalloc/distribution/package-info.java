/* SPDX-License-Identifier: Apache-2.0 */
/** Tests of the launcher, as a process of its own. */
@NullMarked
package org.dmalloc.distribution;

import org.jspecify.annotations.NullMarked;
