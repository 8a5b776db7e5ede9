/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.List;

/**
 * A use that has crossed a listener's level.
 *
 * @param use as it was seen
 * @param levelPercent the listener's level
 * @param direction which way
 * @param largest the open regions that take most, the largest first, at most {@value #MOST}: of the
 *     provider, owner or store whose limit it is, else of all providers. Empty once the use has
 *     fallen
 */
public record ResourceEvent(
    ResourceUse use, int levelPercent, Direction direction, List<RegionInfo> largest) {
  /** How many regions an event names at most. */
  public static final int MOST = 5;

  public ResourceEvent {
    largest = List.copyOf(largest);
  }

  /** Which way a use has crossed the level. */
  public enum Direction {
    /** It has reached the level, or was there when the listener came. */
    REACHED,
    /** It is some percent below again, or its limit is gone. */
    LEFT
  }
}
