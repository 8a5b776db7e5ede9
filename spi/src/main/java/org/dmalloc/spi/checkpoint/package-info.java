/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Checkpoints of regions: which pages have changed, the journal that makes them durable all or
 * nothing, and how they get from there into the files. Pure Java over what a backend gives for a
 * region's memory. {@code docs/journal-format.md} describes the bytes.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.spi.checkpoint;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
