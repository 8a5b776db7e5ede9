/* SPDX-License-Identifier: Apache-2.0 */
/** Programs that use dmalloc, to copy from. */
@NullMarked
package org.dmalloc.examples;

import org.jspecify.annotations.NullMarked;
