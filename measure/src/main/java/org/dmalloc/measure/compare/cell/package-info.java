/* SPDX-License-Identifier: Apache-2.0 */
/** The workloads of a comparison, which its child JVMs know by name. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.compare.cell;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
