/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;

/** The kernel calls that swap policies consist of, each on the whole of one region. */
interface PagingCalls {
  /** mlock2(MLOCK_ONFAULT). */
  void lock() throws MemoryException;

  /** munlock. */
  void unlock() throws MemoryException;

  /** madvise. */
  void advise(Advice advice) throws MemoryException;

  /** MADV_PAGEOUT, refused where there is no swap. */
  void pageOut() throws MemoryException;

  /** MADV_POPULATE_WRITE in steps, refused where memory does not suffice. */
  void populate() throws MemoryException;

  /** The advice with the effect of the machine's setting for huge pages. */
  Advice hugePageDefault();

  String target();
}
