/* SPDX-License-Identifier: Apache-2.0 */
/** Session functions besides commands for memory: help, first lines, unknown words, Ctrl-C. */
@NullMarked
package org.dmalloc.shell.session;

import org.jspecify.annotations.NullMarked;
