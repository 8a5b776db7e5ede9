/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What Linux tells about this machine and process in text files, and what follows from it. Pure
 * Java: on another system the files are missing, and nothing is checked.
 *
 * <ul>
 *   <li>{@link org.dmalloc.spi.machine.KernelFiles} reads the files of {@code /proc} and {@code
 *       /sys}; nothing else in the suite does.
 *   <li>{@link org.dmalloc.spi.machine.MemoryInfo}, {@link org.dmalloc.spi.machine.Cgroup}, {@link
 *       org.dmalloc.spi.machine.CgroupMemory}, {@link org.dmalloc.spi.machine.Mount}, {@link
 *       org.dmalloc.spi.machine.ProcessLimits}, {@link org.dmalloc.spi.machine.ProcessStat} and
 *       {@link org.dmalloc.spi.machine.Setting} know one kind of file each.
 *   <li>{@link org.dmalloc.spi.machine.Machine} refuses to fill or lock more memory than there is.
 *   <li>{@link org.dmalloc.spi.machine.MappingCount} refuses mappings before the process runs out
 *       of them.
 *   <li>{@link org.dmalloc.spi.machine.AddressSpace} names the limit behind a refused mapping.
 *   <li>{@link org.dmalloc.spi.machine.Errno} makes exceptions from error numbers.
 * </ul>
 */
@Export
@Version("1.0.0")
@NullMarked
package org.dmalloc.spi.machine;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
