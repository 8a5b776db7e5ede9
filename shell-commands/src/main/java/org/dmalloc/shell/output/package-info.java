/* SPDX-License-Identifier: Apache-2.0 */
/** Results of commands, and how they are written: tables, JSON, hex. */
@NullMarked
package org.dmalloc.shell.output;

import org.jspecify.annotations.NullMarked;
