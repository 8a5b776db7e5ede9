/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * What {@link MemoryRegion#advise} can tell the kernel (madvise(2)). None of it changes content.
 */
public enum Advice {
  /** No special treatment: the kernel reads ahead as it finds fit (MADV_NORMAL). */
  NORMAL,
  /** Accesses come in no order: read single pages, not their neighbours (MADV_RANDOM). */
  RANDOM,
  /** Accesses come in order: read far ahead, drop behind (MADV_SEQUENTIAL). */
  SEQUENTIAL,
  /**
   * Read the range in now, all of it, in the background (MADV_WILLNEED, in pieces: of one call the
   * kernel takes no more than its read-ahead).
   */
  WILL_NEED,
  /**
   * Not needed for now: give up the mapped pages (MADV_DONTNEED). Refused on private memory, where
   * the kernel would throw the content away.
   */
  DONT_NEED,
  /** First candidates when memory gets short (MADV_COLD). */
  COLD,
  /** Write back and reclaim now (MADV_PAGEOUT). */
  PAGE_OUT,
  /** Back the range by huge pages where possible (MADV_HUGEPAGE). */
  HUGE_PAGE,
  /** Do not back the range by huge pages (MADV_NOHUGEPAGE). */
  NO_HUGE_PAGE,
  /** Gather the range into huge pages now, at once (MADV_COLLAPSE). */
  COLLAPSE,
  /** Map all pages for reading now, from the backing as needed (MADV_POPULATE_READ). */
  POPULATE_READ,
  /** Map all pages for writing now (MADV_POPULATE_WRITE); a full disk is an exception. */
  POPULATE_WRITE
}
