/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The chaos run: workers that do everything the suite can do, at random, while they are killed,
 * stopped and starved; each byte is compared with a model, and at the end nothing may be left.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.chaos;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
