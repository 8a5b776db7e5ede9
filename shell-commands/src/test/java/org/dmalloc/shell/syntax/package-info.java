/* SPDX-License-Identifier: Apache-2.0 */
/** Tests. */
@NullMarked
package org.dmalloc.shell.syntax;

import org.jspecify.annotations.NullMarked;
