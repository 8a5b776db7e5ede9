/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.util.function.BooleanSupplier;

/**
 * Looks some times before a thread sleeps: where the other side answers at once, a sleep and a
 * wake-up take longer than the answer. It looks longer where that has helped before, and hardly
 * where it has not. Two threads may change how long at a time; then one of the changes is lost.
 */
final class AdaptiveSpin {
  /** About 20 microseconds. */
  private static final int MOST = 1 << 9;

  private static final int LEAST = 1 << 3;

  /** A processor is needed for the other side. */
  private static final boolean ALONE = Runtime.getRuntime().availableProcessors() == 1;

  private volatile int looks = MOST;

  /** Whether the condition came to hold. */
  boolean until(BooleanSupplier condition) {
    int most = ALONE ? 1 : looks;
    for (int i = 0; i < most; i++) {
      if (condition.getAsBoolean()) {
        looks = Math.min(MOST, 2 * most);
        return true;
      }
      Thread.onSpinWait();
    }
    looks = Math.max(LEAST, most / 2);
    return false;
  }
}
