/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a comparison changes about the machine: swap areas, kernel settings, memory cgroups, and the
 * JVMs that are started in them. Each change is written to a journal before it is made, and taken
 * back from there: at the end, at an interrupt, at a signal, or at the next start after a kill.
 */
@NullMarked
package org.dmalloc.measure.compare.setup;

import org.jspecify.annotations.NullMarked;
