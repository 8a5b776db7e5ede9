/* SPDX-License-Identifier: Apache-2.0 */
/**
 * malloc, calloc, realloc and free for small blocks inside one region.
 *
 * <p>A {@link org.dmalloc.heap.Heap} manages the bytes of one {@link org.dmalloc.api.MemoryRegion},
 * of any backend. A <b>block</b> is named by its <b>offset</b> from the region's start, a {@code
 * long} that holds at any address, after a hot swap and after a restart. Offset 0 is no block:
 * {@link org.dmalloc.heap.Heap#NULL}.
 *
 * <p><b>Ownership.</b> Whoever makes or opens a heap closes it, and closes the region afterwards.
 * The heap closes nothing but itself.
 *
 * <p><b>Threads.</b> Everything may be called from any thread, platform or virtual.
 *
 * <p><b>Durability.</b> The heap lies in the region, and is as durable as that. docs/heap.md says
 * what holds after a clean close, after a process was killed, and after a power loss.
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.heap;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
