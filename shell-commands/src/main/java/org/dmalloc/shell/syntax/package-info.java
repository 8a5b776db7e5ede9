/* SPDX-License-Identifier: Apache-2.0 */
/** What may be written behind a command's name, read from the annotations of its method. */
@NullMarked
package org.dmalloc.shell.syntax;

import org.jspecify.annotations.NullMarked;
