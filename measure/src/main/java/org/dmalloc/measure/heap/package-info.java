/* SPDX-License-Identifier: Apache-2.0 */
/** Measures what allocating and freeing in a heap costs. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.heap;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
