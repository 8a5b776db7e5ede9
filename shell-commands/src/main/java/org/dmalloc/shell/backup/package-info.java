/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The commands of backups: they keep, verify and restore checkpoints by the service {@link
 * org.dmalloc.backup.BackupService}, and are there as long as it is.
 */
@NullMarked
package org.dmalloc.shell.backup;

import org.jspecify.annotations.NullMarked;
