/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * A part of a region that is {@linkplain MemoryRegion#protect protected} from stores.
 *
 * @param offset in bytes from the start of the region
 * @param length in bytes, at least 1
 */
public record ProtectedRange(long offset, long length) {}
