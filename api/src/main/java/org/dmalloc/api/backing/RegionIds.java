/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.util.concurrent.atomic.AtomicLong;

/** Numbers the regions of one container, whose bundles share this package's class loader. */
public final class RegionIds {
  private static final AtomicLong NEXT = new AtomicLong(1);

  private RegionIds() {}

  /** The next number, from 1. */
  public static long next() {
    return NEXT.getAndIncrement();
  }
}
