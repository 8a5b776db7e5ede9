/* SPDX-License-Identifier: Apache-2.0 */
/** Stores of backups in buckets of S3-compatible object stores. */
@NullMarked
package org.dmalloc.backup.s3;

import org.jspecify.annotations.NullMarked;
