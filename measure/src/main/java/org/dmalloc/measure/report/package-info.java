/* SPDX-License-Identifier: Apache-2.0 */
/** Plain tables and units, for the eyes of a person. */
@NullMarked
package org.dmalloc.measure.report;

import org.jspecify.annotations.NullMarked;
