/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

/** Bytes are not what they must be, or something that must be there is not. */
final class LostBytesException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LostBytesException(String message) {
    super(message);
  }
}
