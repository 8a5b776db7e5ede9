/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The changes of a comparison to the machine: swap areas, kernel settings, memory cgroups, and the
 * JVMs in them. Each change is journalled before it is made, and undone from the journal: at the
 * end, at an interrupt, at a signal, or at the next start after a kill.
 */
@NullMarked
package org.dmalloc.measure.compare.setup;

import org.jspecify.annotations.NullMarked;
