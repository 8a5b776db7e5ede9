/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Moves of regions between backends, measured: a plan, its runner, the results and their forms; and
 * a writer whose writes can be checked afterwards.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.measure.move;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
