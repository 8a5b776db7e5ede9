/* SPDX-License-Identifier: Apache-2.0 */
/** The raw disk below a file, measured without the page cache at queue depths 1 and 32. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.disk;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
