/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The format of backups, docs/backup-format.md: {@link org.dmalloc.backup.archive.PackWriter} makes
 * objects of pages and {@link org.dmalloc.backup.archive.Pack} reads them, {@link
 * org.dmalloc.backup.archive.Head} says which there are, {@link org.dmalloc.backup.archive.Chain}
 * finds those that a checkpoint is made of.
 */
@NullMarked
package org.dmalloc.backup.archive;

import org.jspecify.annotations.NullMarked;
