/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.Locale;

/** A region holds other bytes than were written to it. */
public final class WrongContentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Reports two words of a page of 4 KiB; pages are numbered from 0. */
  public WrongContentException(long page, long found, long expected) {
    super(
        String.format(
            Locale.ROOT,
            "verify page %d (offset %d): found %016x in place of %016x; the mapping shows wrong bytes, or something else wrote to it",
            page,
            page * PageContent.PAGE_BYTES,
            found,
            expected));
  }
}
