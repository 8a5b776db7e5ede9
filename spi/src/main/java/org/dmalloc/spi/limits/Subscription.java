/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.limits;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.ResourceEvent;
import org.dmalloc.api.ResourceEvent.Direction;
import org.dmalloc.api.ResourceLimits;
import org.dmalloc.api.ResourceListener;
import org.dmalloc.api.ResourceUse;
import org.jspecify.annotations.Nullable;

/**
 * One listener, with what it was told. The monitor's thread finds the crossings ({@link #see}); a
 * thread of the listener's own, which is there while there is something to tell, tells it.
 */
final class Subscription implements ResourceLimits.Registration {
  /**
   * A use has fallen when it is so many percent below the level, so that none flutters about it.
   */
  static final int HYSTERESIS_PERCENT = 5;

  private static final Logger LOG = System.getLogger(Subscription.class.getName());

  private final ResourceListener listener;
  private final int levelPercent;
  private final Consumer<Subscription> onClose;

  /** What has reached the level, as it was seen last; the monitor's thread's. */
  private final Map<UseKey, ResourceUse> above = new HashMap<>();

  // Guarded by this: what is to be told, the last of each limit, and whether a thread tells it.
  private final Map<UseKey, ResourceEvent> pending = new LinkedHashMap<>();
  private boolean telling;
  private boolean closed;

  Subscription(ResourceListener listener, int levelPercent, Consumer<Subscription> onClose) {
    this.listener = listener;
    this.levelPercent = levelPercent;
    this.onClose = onClose;
  }

  /**
   * Finds what has crossed the level since the last call, and has it told.
   *
   * @param uses all of them; one that is missing has no limit any more
   * @param largest finds the regions that take most of what a limit is of
   */
  void see(List<ResourceUse> uses, Function<ResourceUse, List<RegionInfo>> largest) {
    List<ResourceEvent> crossed = new ArrayList<>();
    for (ResourceUse use : uses) {
      UseKey key = UseKey.of(use);
      boolean known = above.containsKey(key);
      if (use.percent() >= levelPercent) {
        above.put(key, use);
        if (!known) {
          crossed.add(event(use, Direction.REACHED, largest.apply(use)));
        }
      } else if (known && use.percent() < Math.max(1, levelPercent - HYSTERESIS_PERCENT)) {
        above.remove(key);
        crossed.add(event(use, Direction.LEFT, List.of()));
      }
    }
    Set<UseKey> present = uses.stream().map(UseKey::of).collect(Collectors.toSet());
    for (Iterator<Map.Entry<UseKey, ResourceUse>> each = above.entrySet().iterator();
        each.hasNext(); ) {
      Map.Entry<UseKey, ResourceUse> entry = each.next();
      if (!present.contains(entry.getKey())) {
        crossed.add(event(entry.getValue(), Direction.LEFT, List.of()));
        each.remove();
      }
    }
    if (!crossed.isEmpty()) {
      tell(crossed);
    }
  }

  private ResourceEvent event(ResourceUse use, Direction direction, List<RegionInfo> largest) {
    return new ResourceEvent(use, levelPercent, direction, largest);
  }

  private synchronized void tell(List<ResourceEvent> crossed) {
    for (ResourceEvent event : crossed) {
      UseKey key = UseKey.of(event.use());
      pending.remove(key); // the later one goes to the end
      pending.put(key, event);
    }
    if (!telling && !closed) {
      telling = true;
      Thread.ofPlatform().daemon().name("dmalloc limits listener").start(this::tellAll);
    }
  }

  private void tellAll() {
    for (ResourceEvent event = next(); event != null; event = next()) {
      try {
        listener.crossed(event);
      } catch (VirtualMachineError e) {
        done();
        throw e;
      } catch (RuntimeException | Error e) {
        LOG.log(
            Level.WARNING,
            "a listener of limits, " + listener.getClass().getName() + ", failed on " + event.use(),
            e);
      }
    }
  }

  /** The next event; null if there is none, and this thread is to end. */
  private synchronized @Nullable ResourceEvent next() {
    Iterator<ResourceEvent> events = pending.values().iterator();
    if (closed || !events.hasNext()) {
      telling = false;
      return null;
    }
    ResourceEvent event = events.next();
    events.remove();
    return event;
  }

  private synchronized void done() {
    telling = false;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      pending.clear();
    }
    onClose.accept(this);
  }
}
