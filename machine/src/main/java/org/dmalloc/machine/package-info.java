/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What Linux tells about this machine and process in text files, and what follows from it. Pure
 * Java: on another system the files are missing, and nothing is checked.
 *
 * <ul>
 *   <li>{@link org.dmalloc.machine.KernelFiles} reads the files of {@code /proc} and {@code /sys};
 *       nothing else in the suite does.
 *   <li>{@link org.dmalloc.machine.Machine} refuses to fill or lock more memory than there is.
 *   <li>{@link org.dmalloc.machine.MappingCount} refuses mappings before the process runs out of
 *       them.
 *   <li>{@link org.dmalloc.machine.AddressSpace} names the limit behind a refused mapping.
 *   <li>{@link org.dmalloc.machine.Errno} makes exceptions from error numbers.
 * </ul>
 *
 * <p>Not an OSGi bundle: each bundle that needs it carries a private copy.
 */
@NullMarked
package org.dmalloc.machine;

import org.jspecify.annotations.NullMarked;
