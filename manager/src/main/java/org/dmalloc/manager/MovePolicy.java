/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import org.dmalloc.api.move.MoveReason;

/** When regions move by themselves. A backend that stops is left in any case. */
enum MovePolicy {
  /** Never. */
  STAY(MoveReason.RESCUE), // which is all that moves then
  /** Back to the backend that they were taken on or moved to by command, once it is there again. */
  RETURN(MoveReason.RETURN),
  /** Always to the best backend by service ranking. */
  FOLLOW(MoveReason.FOLLOW),
  /**
   * As RETURN; and regions without a file that are idle, or over a budget of resident bytes, go to
   * a file backend until they are used again.
   */
  SPILL(MoveReason.SPILL);

  private final MoveReason reason;

  MovePolicy(MoveReason reason) {
    this.reason = reason;
  }

  /** What the history says of its moves. */
  MoveReason reason() {
    return reason;
  }
}
