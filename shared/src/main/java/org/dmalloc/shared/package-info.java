/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Locks and a message ring in memory that several processes share.
 *
 * <p>A {@link org.dmalloc.shared.RobustLock} and a {@link org.dmalloc.shared.RobustReadWriteLock}
 * take one page of a {@linkplain org.dmalloc.api.RegionAttributes#processShared() process-shared}
 * region, a {@link org.dmalloc.shared.MessageRing} some pages. They are <b>robust</b>: a process
 * that dies with a lock, or in the middle of a message, blocks nobody.
 *
 * <p><b>Vocabulary.</b> A <b>member</b> is a process that has the region open ({@link
 * org.dmalloc.api.RegionMembers}); the kernel says whether it lives, and no process id is asked. A
 * lock is <b>inconsistent</b> after its owner has died, until an owner says that what the lock
 * protects is right again.
 *
 * <p><b>Ownership.</b> Nothing here is closed: a lock is as long as its region is. What a process
 * holds when it closes the region, or ends, is recovered by the others.
 *
 * <p><b>Threads.</b> Everything may be called from any thread, platform or virtual.
 *
 * <p><b>Failure.</b> A page that is gone, because somebody cut the file of the region short, and
 * words that no process of this suite has written are a {@link org.dmalloc.api.MemoryException}. A
 * closed region is an {@link java.lang.IllegalStateException}, also for threads that wait.
 *
 * <p><b>Not guaranteed.</b> A process that stores to a lock's page by other means can break it, and
 * one that cuts the page away in the nanoseconds between a check and an atomic operation can end
 * the JVM; memory that cannot be cut, such as a sealed memfd, has no such window. See
 * docs/locks.md.
 *
 * <p>No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.shared;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
