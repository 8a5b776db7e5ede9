/* SPDX-License-Identifier: Apache-2.0 */
/** The link between a comparison and the OSGi container: its providers and their jars. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.compare.container;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
