/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * A part of a region and the access pattern that the kernel has been told for it.
 *
 * @param offset where it starts, in bytes
 * @param length its length, in bytes
 * @param pattern never {@link AccessPattern#AUTO}
 * @param origin who said so
 */
public record AdvisedRange(long offset, long length, AccessPattern pattern, Origin origin) {
  /** Who chose a pattern. */
  public enum Origin {
    /** The request, or the provider's configuration. */
    REQUESTED,
    /** {@link MemoryRegion#advise} on this range; never overridden. */
    ADVISED,
    /** The provider, under {@link AccessPattern#AUTO}; may change at any moment. */
    LEARNED
  }
}
