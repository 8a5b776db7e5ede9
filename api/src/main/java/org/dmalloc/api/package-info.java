/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Memory regions outside the Java heap, from interchangeable backends.
 *
 * <h2>Vocabulary</h2>
 *
 * <dl>
 *   <dt>provider
 *   <dd>a {@link org.dmalloc.api.MemoryProvider}, an OSGi service that allocates regions; the
 *       service property {@value org.dmalloc.api.MemoryProvider#BACKEND} names it
 *   <dt>region
 *   <dd>one contiguous range of bytes, a {@link org.dmalloc.api.MemoryRegion}, owned by whoever
 *       allocated or opened it and alive until its owner closes it
 *   <dt>mapping
 *   <dd>the range of virtual addresses that shows a region's bytes to this process
 *   <dt>backing
 *   <dd>what holds the bytes that RAM does not: a file, or the swap devices
 *   <dt>named region
 *   <dd>a region in a <i>store</i> (a directory), which outlives the process and is opened again by
 *       its name; an unnamed region leaves nothing behind
 *   <dt>access section
 *   <dd>the time between {@link org.dmalloc.api.MemoryRegion#acquire()} and {@link
 *       org.dmalloc.api.Access#close()}; the mapping cannot change or go away inside one
 *   <dt>pinned
 *   <dd>said of a region whose raw {@link org.dmalloc.api.MemoryRegion#segment() segment} was
 *       handed out; its mapping stays where it is until the region is closed
 *   <dt>resident
 *   <dd>held in RAM now, so that an access costs no disk read
 *   <dt>force
 *   <dd>write changed pages to the backing file and wait until the device has them
 * </dl>
 *
 * <h2>Guarantees</h2>
 *
 * <ul>
 *   <li>Fresh memory is zero.
 *   <li>Disk space is reserved when a region is allocated, unless the request says {@link
 *       org.dmalloc.api.Reservation#SPARSE}: a full disk is an exception at allocation, never a
 *       signal at a later store. (File systems that cannot promise it are named by the {@code
 *       verify} command.)
 *   <li>A request that a provider cannot serve is refused by {@linkplain
 *       org.dmalloc.api.UnsupportedCapabilityException capability} before anything is created.
 *   <li>A failed allocation leaves no file, no mapping and no reserved bytes.
 *   <li>Use after close is an {@link java.lang.IllegalStateException}, never a crash. {@code close}
 *       waits for open access sections; it does not pull memory away from under them.
 *   <li>An interrupted thread loses nothing: reads, writes, {@code force} and {@code close} work on
 *       one. Only {@code allocate} and {@code open} are refused there.
 * </ul>
 *
 * <h2>Not guaranteed</h2>
 *
 * <ul>
 *   <li>Order and time of write-back between two calls of {@code force}: the kernel writes changed
 *       pages when it likes. After a power loss a region without a finished {@code force} may hold
 *       any mixture of old and new pages.
 *   <li>Atomicity of stores larger than a naturally aligned 8 bytes, and their order as seen by
 *       other threads. The rules of {@link java.lang.foreign.MemorySegment} hold.
 *   <li>Bytes of a file that somebody else cuts short under a mapping. Calls of this suite throw a
 *       {@link org.dmalloc.api.MemoryException} then, and the region says by {@link
 *       org.dmalloc.api.MemoryRegion#failure} what it lost. A load or store of your own behind the
 *       new end raises {@link java.lang.InternalError}, for which there is {@link
 *       org.dmalloc.api.BusErrors}; but some intrinsics and native copies end the JVM, before which
 *       there is {@link org.dmalloc.api.MemoryRegion#verifyBacked}. Store files are created with
 *       mode 0600 to keep others out.
 *   <li>Latency. An access to a page that is not resident waits for the disk.
 * </ul>
 *
 * <h2>What each backend can do</h2>
 *
 * <table class="striped">
 * <caption>Capabilities of the backends of this suite</caption>
 * <thead><tr><th>Capability<th>filechannel<th>panama<th>anon<th>anon-memfd<th>anon-zero</tr></thead>
 * <tbody>
 * <tr><th>{@link org.dmalloc.api.Capability#NAMED NAMED}<td>yes<td>yes<td>-<td>-<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#READ_ONLY READ_ONLY}<td>yes<td>yes<td>-<td>-<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#SHARED_MAPPING SHARED_MAPPING}<td>yes<td>yes<td>-<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#PRIVATE_MAPPING PRIVATE_MAPPING}<td>yes<td>yes<td>yes<td>-<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#SPARSE SPARSE}<td>yes<td>yes<td>-<td>-<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#DIRECTORY DIRECTORY}<td>yes<td>yes<td>-<td>-<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#FORCE FORCE}<td>yes<td>yes<td>-<td>-<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#SYNC SYNC}<td>-<td>yes<td>-<td>-<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#ADVICE ADVICE}<td>-<td>yes<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#HUGE_PAGES HUGE_PAGES}<td>-<td>yes<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#PREFAULT PREFAULT}<td>yes<td>yes<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#LOCKED LOCKED}<td>-<td>yes<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#PREFETCH PREFETCH}<td>yes<td>yes<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#RESIDENCY RESIDENCY}<td>yes<td>yes<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#RELEASE RELEASE}<td>-<td>yes<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#RESIDENT_BUDGET RESIDENT_BUDGET}<td>-<td>yes<td>yes<td>yes<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#RESIZE RESIZE}<td>-<td>yes<td>yes<td>-<td>-</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#SWAP_POLICY SWAP_POLICY}<td>-<td>-<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#DIRTY_TRACKING DIRTY_TRACKING}<td>-<td>yes<td>yes<td>yes<td>yes</tr>
 * <tr><th>{@link org.dmalloc.api.Capability#CHECKPOINT CHECKPOINT}<td>-<td>yes<td>-<td>-<td>-</tr>
 * </tbody>
 * </table>
 *
 * <h2>Null</h2>
 *
 * No parameter, result or component is null unless it is annotated {@code @Nullable}.
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.api;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
