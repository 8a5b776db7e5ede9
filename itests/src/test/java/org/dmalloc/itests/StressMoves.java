/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.api.move.RegionMover;

/** Moves regions by command, and counts what moved, by whomever. */
final class StressMoves implements MoveListener {
  private final RegionMover mover;
  private final AtomicInteger finished = new AtomicInteger();
  private final Set<String> directions = new ConcurrentSkipListSet<>();
  private final Map<String, Integer> methods = new ConcurrentSkipListMap<>();
  private final Map<String, Integer> refusals = new TreeMap<>();

  StressMoves(RegionMover mover) {
    this.mover = mover;
  }

  @Override
  public void started(long regionId, String from, String to) {}

  @Override
  public void finished(MoveResult result) {
    finished.incrementAndGet();
    directions.add(result.from() + " to " + result.to());
    methods.merge(result.methodInAWord(), 1, Integer::sum);
  }

  @Override
  public void failed(long regionId, String from, String to, String why) {}

  int finished() {
    return finished.get();
  }

  /** Counts from zero again. */
  void forget() {
    finished.set(0);
    directions.clear();
    methods.clear();
    refusals.clear();
  }

  int managedRegions() {
    return mover.managed().size();
  }

  /** Moves a region to a random backend, or is refused for a reason that is to be expected here. */
  void move(MemoryRegion region, RandomGenerator random) throws MemoryException {
    List<String> targets =
        region.info().name() != null ? StressBackends.WITH_FILES : StressBackends.ALL;
    move(region, targets.get(random.nextInt(targets.size())));
  }

  private boolean move(MemoryRegion region, String target) throws MemoryException {
    try {
      mover.move(region.id(), target, MoveOptions.DEFAULT, ProgressListener.NONE);
      return true;
    } catch (IllegalArgumentException e) {
      refused(e, Map.of("no backend " + target, "away"));
    } catch (IllegalStateException e) {
      refused(e, Map.of("being moved or resized", "busy", "is stopped", "stopped"));
    } catch (MemoryException e) {
      refused(e, Map.of("access section held", "held", "gave way", "gave way", " gone", "gone"));
    }
    return false;
  }

  private void refused(Exception refusal, Map<String, String> expected) {
    String message = String.valueOf(refusal.getMessage());
    for (Map.Entry<String, String> each : expected.entrySet()) {
      if (message.contains(each.getKey())) {
        refusals.merge(each.getValue(), 1, Integer::sum);
        return;
      }
    }
    throw new AssertionError("unexpected refusal: " + message, refusal);
  }

  /** From each backend to each other one. */
  void goInAllDirections(MemoryRegion region) throws Exception {
    for (String from : StressBackends.ALL) {
      for (String to : StressBackends.ALL) {
        if (!from.equals(to) && !directions.contains(from + " to " + to)) {
          untilMoved(region, from);
          untilMoved(region, to);
          assertTrue(directions.contains(from + " to " + to), from + " to " + to);
        }
      }
    }
  }

  /** The policy may move it at the same time, and on a busy machine a section may last. */
  private void untilMoved(MemoryRegion region, String target) throws Exception {
    ConfiguredProviders.until(() -> "a move to " + target, () -> move(region, target));
  }

  /** Waits until each region is on a backend that is there. */
  void awaitAllHeld() throws Exception {
    ConfiguredProviders.until(
        () -> "backends for all of " + mover.managed(),
        () -> mover.managed().stream().allMatch(info -> info.stranded() == null));
  }

  /** What happened to a region, for messages. */
  List<String> history(long regionId) {
    return mover.managed(regionId).map(ManagedRegionInfo::history).orElse(List.of()).stream()
        .map(String::valueOf)
        .toList();
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d moves %s in %d directions, refused %s",
        finished.get(),
        methods,
        directions.size(),
        refusals);
  }
}
