/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.lang.foreign.MemorySegment;

/**
 * Uses one record of a {@linkplain BatchedAccess batched access}.
 *
 * @param <E> what it may throw; left to inference it is {@link RuntimeException}
 */
@FunctionalInterface
public interface RecordVisitor<E extends Exception> {
  /**
   * Uses a record.
   *
   * @param segment the whole region; valid until this call returns
   * @param offset where the record begins in it, in bytes
   * @param index the record's place in the list of offsets, from 0
   */
  void visit(MemorySegment segment, long offset, long index) throws E;
}
