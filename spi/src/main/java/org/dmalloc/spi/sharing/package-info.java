/* SPDX-License-Identifier: Apache-2.0 */
/** How processes that share a region know of each other. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.spi.sharing;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
