/* SPDX-License-Identifier: Apache-2.0 */
/** The benchmark: a plan, its runner, the results and their three forms. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.bench;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
