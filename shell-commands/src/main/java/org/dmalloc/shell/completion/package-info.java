/* SPDX-License-Identifier: Apache-2.0 */
/** Tab completion in Gogo's interactive shell, made from the syntax of the commands. */
@NullMarked
package org.dmalloc.shell.completion;

import org.jspecify.annotations.NullMarked;
