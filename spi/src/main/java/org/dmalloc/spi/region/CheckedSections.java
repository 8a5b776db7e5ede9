/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.RegionOptions;

/**
 * Gives each section of one gate a shared arena of its own, which ends with the section: whoever
 * keeps the segment gets an {@link IllegalStateException} from Java at the next access, whatever
 * the memory is. A mode for tests: ending an arena takes a handshake with all threads.
 *
 * <p><b>What it must not do.</b> Such an arena knows nothing of the region's own. So memory may go,
 * or move, only after {@link #endAll}: else a section that was never closed would lead to addresses
 * that belong to others by then.
 *
 * <p>This is the one place outside {@code linux} that calls the restricted method {@code
 * reinterpret}: with the size that the segment has, and for the shorter life of the section.
 */
public final class CheckedSections {
  /** {@code true} checks the sections of all regions: a system or a framework property. */
  public static final String PROPERTY = "dmalloc.sections.checked";

  /** Set by the framework's property. */
  private static volatile boolean forced;

  /** The arenas that have not ended. */
  private final Map<Arena, Boolean> open = new ConcurrentHashMap<>();

  CheckedSections() {}

  /** What was asked for, with checked sections if all regions are to have them. */
  public static RegionOptions asked(RegionOptions options) {
    return options.checkedSections() || (!forced && !Boolean.getBoolean(PROPERTY))
        ? options
        : options.withCheckedSections(true);
  }

  /** Checks the sections of all regions from now on if the property says so. */
  static void force(String property) {
    forced |= Boolean.parseBoolean(property);
  }

  Arena begin() {
    Arena arena = Arena.ofShared();
    add(arena);
    return arena;
  }

  /** Has {@link #endAll} end an arena of others. */
  void add(Arena arena) {
    open.put(arena, true);
  }

  /** Forgets an arena that has ended. */
  void remove(Arena arena) {
    open.remove(arena);
  }

  /** The same memory, as long as the arena is open. */
  static MemorySegment bound(MemorySegment segment, Arena arena) {
    MemorySegment bound = segment.reinterpret(arena, null);
    return segment.isReadOnly() ? bound.asReadOnly() : bound;
  }

  /** Ends a section's arena; false while a native call or a channel uses its segment. */
  boolean end(Arena arena) {
    try {
      arena.close();
    } catch (IllegalStateException | WrongThreadException inUse) {
      if (arena.scope().isAlive()) {
        return false;
      }
    }
    open.remove(arena);
    return true;
  }

  /**
   * Ends all that are left: of sections that were never closed, or that were closed while their
   * segment was in use.
   *
   * @throws IllegalStateException while one is in use
   */
  void endAll() {
    for (Arena arena : open.keySet()) {
      if (!end(arena)) {
        throw inUse();
      }
    }
  }

  static IllegalStateException inUse() {
    return new IllegalStateException(
        "a segment of an access section or an arena is in use by a native call or a channel, or the"
            + " arena belongs to another thread; let it end first");
  }
}
