/* SPDX-License-Identifier: Apache-2.0 */
/** Files that an interrupt does not close, and the store that is a directory of them. */
@NullMarked
package org.dmalloc.backup.directory;

import org.jspecify.annotations.NullMarked;
