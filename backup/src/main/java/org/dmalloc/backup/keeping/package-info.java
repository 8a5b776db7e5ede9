/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The service: {@link org.dmalloc.backup.keeping.Backups}. {@link
 * org.dmalloc.backup.keeping.Keeper} follows a group, {@link org.dmalloc.backup.keeping.HeadFile}
 * is its one way to change the head, {@link org.dmalloc.backup.keeping.Compaction} merges.
 */
@NullMarked
package org.dmalloc.backup.keeping;

import org.jspecify.annotations.NullMarked;
