/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What regions and heaps must contain, known from the acts alone: no class here uses the suite. A
 * {@link org.dmalloc.measure.chaos.model.Book} tells it to a process that comes after a kill.
 */
@NullMarked
package org.dmalloc.measure.chaos.model;

import org.jspecify.annotations.NullMarked;
