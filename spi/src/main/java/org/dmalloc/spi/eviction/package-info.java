/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which pages of a region leave RAM when it is over its budget: a clock that finds pages nobody has
 * used since its hand last came by. Pure Java; a backend implements the interface whose calls the
 * clock needs.
 *
 * <ul>
 *   <li>{@link org.dmalloc.spi.eviction.FileClock} over {@link
 *       org.dmalloc.spi.eviction.CachedPages}: shared mappings of files on a disk.
 *   <li>{@link org.dmalloc.spi.eviction.SwapClock} over {@link
 *       org.dmalloc.spi.eviction.SwappablePages}: memory that swap backs.
 * </ul>
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.spi.eviction;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
