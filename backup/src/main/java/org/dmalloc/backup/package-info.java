/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Incremental backups of regions with {@link org.dmalloc.api.Durability#CHECKPOINT}.
 *
 * <p>A <b>backup</b> belongs to one {@linkplain org.dmalloc.api.CheckpointGroup group} of regions,
 * and lies in a {@link org.dmalloc.backup.BackupStore}: a directory, or what another bundle gives
 * for an address, such as an S3-compatible object store. A store may have any number of backups.
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.backup;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
