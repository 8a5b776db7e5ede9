/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import org.junit.jupiter.api.Assumptions;

/** Skips a test with a reason, which the log has too. */
final class Skip {
  private Skip() {}

  static void because(String reason) {
    System.getLogger(Skip.class.getName()).log(System.Logger.Level.INFO, "skipped: {0}", reason);
    Assumptions.abort(reason);
  }

  /** Skips what needs root for others. */
  static void unlessRoot(String what) {
    if (!"root".equals(System.getProperty("user.name"))) {
      because(what + " needs root");
    }
  }
}
