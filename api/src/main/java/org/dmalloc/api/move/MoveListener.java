/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told of moves; register it as a service. Called on the thread that moves, in the order started,
 * then finished or failed; what a listener throws is logged and changes nothing. Keep it short.
 */
@ConsumerType
public interface MoveListener {
  /** A move begins. */
  default void started(long regionId, String from, String to) {}

  /** The region is on its new backend. */
  default void finished(MoveResult result) {}

  /** The region is where it was. */
  default void failed(long regionId, String from, String to, String reason) {}
}
