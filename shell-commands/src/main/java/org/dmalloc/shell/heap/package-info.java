/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The commands that use heaps. They are the only classes of this bundle that need the bundle of
 * heaps; without it they are not loaded.
 */
@NullMarked
package org.dmalloc.shell.heap;

import org.jspecify.annotations.NullMarked;
