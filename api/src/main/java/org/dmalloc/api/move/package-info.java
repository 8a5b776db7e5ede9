/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Regions that move between backends while they are used: the service {@link
 * org.dmalloc.api.move.RegionMover} moves one, and tells what was moved and what was left open.
 *
 * <p>Users of memory need none of this: a region that moves is a {@link
 * org.dmalloc.api.MemoryRegion} like any other.
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.api.move;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
