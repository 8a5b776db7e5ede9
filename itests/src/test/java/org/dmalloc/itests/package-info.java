/* SPDX-License-Identifier: Apache-2.0 */
/** The bundles in real frameworks, and the rules of the architecture. */
@NullMarked
package org.dmalloc.itests;

import org.jspecify.annotations.NullMarked;
