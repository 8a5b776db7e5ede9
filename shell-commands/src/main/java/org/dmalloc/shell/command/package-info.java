/* SPDX-License-Identifier: Apache-2.0 */
/** The commands, one class each. */
@NullMarked
package org.dmalloc.shell.command;

import org.jspecify.annotations.NullMarked;
