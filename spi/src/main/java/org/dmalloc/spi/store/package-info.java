/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The on-disk form of named regions: one directory, one file per region, the data plain and
 * page-aligned. Both file backends use it, and therefore open each other's regions. {@code
 * docs/store-format.md} describes the bytes and the locks for other programs.
 *
 * <p>Everything here is pure Java. {@link org.dmalloc.spi.store.RegionStore} is a directory, {@link
 * org.dmalloc.spi.store.StoreFile} an open file in it.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.spi.store;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
