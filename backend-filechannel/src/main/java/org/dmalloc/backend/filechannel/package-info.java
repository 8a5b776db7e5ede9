/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The backend {@code filechannel}: regions in files, mapped by {@link
 * java.nio.channels.FileChannel#map}. Pure Java, no call outside it, so it runs wherever Java does.
 *
 * <ul>
 *   <li>Space is reserved by writing zeros, at the speed of the disk, with progress; {@link
 *       org.dmalloc.api.Reservation#SPARSE} leaves it out. A private region without a name has
 *       nothing to reserve: its stores never reach the file.
 *   <li>Prefaulting reads every page in. A first store to a page still costs a fault, on a private
 *       region also a copy.
 *   <li>Residency is found by asking about runs of pages, and about each page of a run that is not
 *       resident as a whole: exact, at up to a system call per page, measured as 0.03 to 0.1 s for
 *       a resident gibibyte and 1.3 s for one that is not. It tells resident bytes only, and on
 *       Windows, where Java always says no, nothing.
 *   <li>Opening a stored region privately needs permission to write its file, which Java asks for
 *       even though it never writes; {@code panama} does without.
 * </ul>
 */
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"org.dmalloc.api.MemoryProvider\"",
    uses = MemoryProvider.class,
    effective = "active")
@NullMarked
package org.dmalloc.backend.filechannel;

import org.dmalloc.api.MemoryProvider;
import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Capability;
