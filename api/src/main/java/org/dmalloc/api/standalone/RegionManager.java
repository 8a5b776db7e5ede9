/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.standalone;

import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.RegionMover;
import org.osgi.annotation.versioning.ConsumerType;

/** A manager of movable regions that runs; {@link Dmalloc} tells it of the backends. */
@ConsumerType
public interface RegionManager extends AutoCloseable {
  /** The provider whose regions can move. */
  MemoryProvider provider();

  /** Moves them. */
  RegionMover mover();

  /** Tells a listener of every move from now on. */
  void add(MoveListener listener);

  /** A backend has started; of several that can do what is asked the highest ranking is taken. */
  void backendStarted(MemoryProvider backend, int ranking);

  /** Refuses new regions and moves from now on; open regions stay usable. */
  @Override
  void close();
}
