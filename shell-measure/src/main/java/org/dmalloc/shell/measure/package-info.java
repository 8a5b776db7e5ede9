/* SPDX-License-Identifier: Apache-2.0 */
/** The commands that measure. */
@NullMarked
package org.dmalloc.shell.measure;

import org.jspecify.annotations.NullMarked;
