/* SPDX-License-Identifier: Apache-2.0 */
/** The launcher: starts Apache Felix with the bundles of the layout, and ends with a status. */
@NullMarked
package org.dmalloc.distribution;

import org.jspecify.annotations.NullMarked;
