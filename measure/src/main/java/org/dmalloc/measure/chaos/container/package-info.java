/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The chaos run in an OSGi container: its bundles give workers in plain Java their class path, and
 * workers in containers of their own their bundles.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.chaos.container;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
