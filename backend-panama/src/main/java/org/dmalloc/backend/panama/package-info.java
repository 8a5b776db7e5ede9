/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Regions in files, mapped by mmap(2) through {@code org.dmalloc.linux}.
 *
 * <p>{@link org.dmalloc.backend.panama.PanamaProvider} is the component. Nothing here is exported.
 *
 * <table class="striped">
 * <caption>What becomes of a request</caption>
 * <thead><tr><th>request<th>kernel calls</tr></thead>
 * <tbody>
 * <tr><th>unnamed<td>open O_TMPFILE (create and unlink where a file system lacks it)
 * <tr><th>named<td>a file of the store, the same for all file backends
 * <tr><th>RESERVED<td>fallocate, in steps of 256 MiB
 * <tr><th>shared, private, read-only<td>mmap MAP_SHARED, MAP_PRIVATE, MAP_SHARED with PROT_READ
 * <tr><th>SYNC<td>mmap MAP_SHARED_VALIDATE | MAP_SYNC; without DAX like ON_FORCE
 * <tr><th>HUGE<td>an address that is a multiple of 2 MiB, madvise MADV_HUGEPAGE
 * <tr><th>pattern<td>madvise, before the first page comes in
 * <tr><th>locked<td>mlock2 MLOCK_ONFAULT, then as prefaulted
 * <tr><th>prefaulted<td>madvise MADV_POPULATE_WRITE, in steps of 64 MiB; MADV_POPULATE_READ for
 *     stored regions
 * <tr><th>force, advise<td>msync MS_SYNC, madvise
 * <tr><th>prefetch<td>process_madvise MADV_WILLNEED, one for each 1,024 offsets
 * <tr><th>residency<td>cachestat, PAGEMAP_SCAN; mincore and pagemap on older kernels
 * <tr><th>resize<td>fallocate, the store's header, mremap; the other way round to shrink
 * </tbody>
 * </table>
 */
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"org.dmalloc.api.MemoryProvider\"",
    uses = MemoryProvider.class,
    effective = "active")
@NullMarked
package org.dmalloc.backend.panama;

import org.dmalloc.api.MemoryProvider;
import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Capability;
