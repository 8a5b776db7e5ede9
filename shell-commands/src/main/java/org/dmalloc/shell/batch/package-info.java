/* SPDX-License-Identifier: Apache-2.0 */
/** Runs one command, or the lines of standard input, for a launcher. */
@NullMarked
package org.dmalloc.shell.batch;

import org.jspecify.annotations.NullMarked;
