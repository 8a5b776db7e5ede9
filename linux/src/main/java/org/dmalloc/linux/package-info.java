/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The only room with downcalls: Linux memory and file calls, each behind a type that keeps it safe.
 *
 * <ul>
 *   <li>{@link org.dmalloc.linux.OpenFile} owns a file descriptor: files, unnamed files, memfd.
 *   <li>{@link org.dmalloc.linux.Mapping} owns a range of addresses and unmaps it exactly once.
 *   <li>{@link org.dmalloc.linux.Platform} says whether this machine is supported, and its page
 *       sizes.
 * </ul>
 *
 * <h2>Why it cannot crash</h2>
 *
 * <p>A mapping is handed out as a {@link java.lang.foreign.MemorySegment} of a shared arena, and
 * its pointers are passed to the kernel as segments of that arena, so that it cannot be unmapped
 * during a call and use after close is an {@link java.lang.IllegalStateException}. No call changes
 * the protection of a mapping: all are readable and writable, and "read-only" is a property of the
 * segment. The one exception, a shared mapping of a descriptor that was opened for reading, is
 * handed out as a read-only segment and nothing else. What stays possible is a file cut short under
 * its mapping; see the guarantees of {@code org.dmalloc.api}.
 *
 * <h2>Supported machines</h2>
 *
 * <p>Linux on x86-64 and aarch64, glibc or musl. Everywhere else the first call throws {@link
 * java.lang.UnsupportedOperationException} and names what it found. Kernel 5.14 is enough for all
 * but the following: {@code MADV_COLLAPSE} (6.1), {@code cachestat} (6.5), {@code PAGEMAP_SCAN} and
 * asynchronous write protection (6.7), {@code process_madvise} without a privilege (6.13). A
 * missing call is noticed at its first use and the next best takes its place, which {@link
 * org.dmalloc.api.Residency#source()} and {@link org.dmalloc.linux.Mapping#prefetchCall()} tell;
 * advice that has no substitute fails and names the kernel it needs.
 *
 * <p>Not an OSGi bundle: each bundle that needs it carries a private copy, so that no unsafe call
 * is ever exported.
 */
@NullMarked
package org.dmalloc.linux;

import org.jspecify.annotations.NullMarked;
