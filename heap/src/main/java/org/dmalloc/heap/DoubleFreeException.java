/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

/** A block was to be freed, resized or used that is not allocated any more, or never was. */
public final class DoubleFreeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final long block;

  /** Says what was tried with which offset. */
  public DoubleFreeException(String message, long block) {
    super(message);
    this.block = block;
  }

  /** The offset. */
  public long block() {
    return block;
  }
}
