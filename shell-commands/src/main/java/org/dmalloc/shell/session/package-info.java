/* SPDX-License-Identifier: Apache-2.0 */
/** What a session has besides commands for memory: help, its first lines, unknown words, Ctrl-C. */
@NullMarked
package org.dmalloc.shell.session;

import org.jspecify.annotations.NullMarked;
