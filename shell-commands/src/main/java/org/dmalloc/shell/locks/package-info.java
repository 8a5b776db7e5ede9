/* SPDX-License-Identifier: Apache-2.0 */
/** The command {@code locks}, which is there as long as the service of locks is. */
@NullMarked
package org.dmalloc.shell.locks;

import org.jspecify.annotations.NullMarked;
