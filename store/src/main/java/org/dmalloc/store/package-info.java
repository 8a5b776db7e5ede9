/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The on-disk form of named regions: one directory, one file per region, the data plain and
 * page-aligned. Embedded in both file backends, which therefore open each other's regions. {@code
 * docs/store-format.md} describes the bytes and the locks for other programs.
 *
 * <p>Everything here is pure Java. {@link org.dmalloc.store.RegionStore} is a directory, {@link
 * org.dmalloc.store.StoreFile} an open file in it.
 */
@NullMarked
package org.dmalloc.store;

import org.jspecify.annotations.NullMarked;
