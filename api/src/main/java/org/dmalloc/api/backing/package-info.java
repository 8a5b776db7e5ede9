/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How backends and those that carry their regions meet. A carrier, such as the manager, owns a
 * backend's region alone, hands its memory out under a gate of its own and may exchange it for
 * another.
 *
 * <p>Users of memory need none of this. A backend may leave it out: carriers then use what every
 * {@link org.dmalloc.api.MemoryRegion} has.
 *
 * <p>The types live in the bundle of the API, and not with what backends share ({@code
 * org.dmalloc.spi}): two versions of that bundle can be in one container at a time, and the regions
 * of both must be one kind to a carrier, with numbers from one series ({@link
 * org.dmalloc.api.backing.RegionIds}) and in one list when their provider has stopped ({@link
 * org.dmalloc.api.backing.OrphanedRegions}).
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.api.backing;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
