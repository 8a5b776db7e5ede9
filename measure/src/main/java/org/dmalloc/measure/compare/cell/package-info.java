/* SPDX-License-Identifier: Apache-2.0 */
/** What a comparison and the JVMs that it starts talk about: workloads, and figures of a cell. */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.compare.cell;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
