/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import org.dmalloc.api.MemoryException;

/** Makes a call that may wait for a moment on a thread whose interrupt it leaves alone. */
final class WithoutInterrupt {
  private WithoutInterrupt() {}

  @FunctionalInterface
  interface Call<T> {
    T call() throws InterruptedException, MemoryException;
  }

  /** An interrupt makes it begin again, and is there afterwards. */
  static <T> T call(Call<T> call) throws MemoryException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return call.call();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
