/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.measure.chaos.model.Entry;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.dmalloc.measure.chaos.model.RegionModel.Kind;

/** Acts on regions with names, and moves. */
final class NamedActs {
  /** Begins the names of snapshots that no book has. */
  static final String COPY = "copy-";

  private final Workplace at;

  NamedActs(Workplace at) {
    this.at = at;
  }

  /** Regions that are stored and not open here. */
  private List<RegionModel> shelved() {
    List<RegionModel> shelved = new ArrayList<>(at.book.models());
    shelved.removeIf(model -> model.name() == null || model.kind() != Kind.PLAIN);
    at.held.forEach(each -> shelved.remove(each.model()));
    return shelved;
  }

  /** Closes a stored region, or opens one by any provider that can. */
  void reopen() throws MemoryException {
    Optional<RegionModel> closed = at.any(shelved());
    if (closed.isEmpty() || at.chance(40)) {
      at.anyHeld(each -> each.is(Kind.PLAIN) && each.isNamed()).ifPresent(at::close);
      return;
    }
    RegionModel model = closed.get();
    String name = String.valueOf(model.name());
    OpenRequest request = OpenRequest.of(name);
    if (at.chance(20)) {
      Held opened = at.open(model, at.opener(name), request.readOnly());
      try {
        at.checkAll(opened);
      } finally {
        at.close(opened);
      }
      return;
    }
    String provider = at.opener(name);
    boolean grows = at.suite.provider(provider).capabilities().contains(Capability.GROW_IN_PLACE);
    if (grows && at.chance(50)) {
      request = request.withMaximum(4 * Math.max(1, model.byteSize()));
    }
    Held opened = at.open(model, provider, request);
    RegionActs.takeSpace(opened);
    at.checkAll(opened);
  }

  void rename() throws MemoryException {
    Optional<Held> found = at.anyHeld(each -> each.is(Kind.PLAIN) && each.isNamed());
    if (found.isEmpty()) {
      return;
    }
    Held which = found.get();
    String name = Workplace.nameOf(at.newKey());
    long change = at.book.begin(Entry.named(Verb.NAME, which.model().key(), name));
    try {
      which.region().rename(name);
    } catch (MemoryException | RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    at.book.done(change);
    if (at.holders(name).isEmpty() && !at.suite.comesAndGoes()) {
      throw new LostBytesException(which + " was renamed, and is in no store");
    }
    at.checkSome(which);
  }

  void delete() throws MemoryException {
    Optional<RegionModel> closed = at.any(shelved());
    if (closed.isPresent() && at.chance(60)) {
      at.delete(closed.get(), false);
      return;
    }
    Optional<Held> open = at.anyHeld(each -> each.is(Kind.PLAIN) && each.isNamed());
    if (open.isEmpty()) {
      return;
    }
    Held which = open.get();
    if (at.chance(50)) {
      at.delete(which.model(), true);
      at.checkAll(which);
      if (which.region().detached().isEmpty()) {
        throw new LostBytesException(which + " was deleted, and does not say so");
      }
      at.close(which);
    } else {
      at.close(which);
      at.delete(which.model(), false);
    }
  }

  /** Makes a snapshot, compares it and deletes it. */
  void snapshot() throws MemoryException {
    Optional<Held> found = at.anyHeld(each -> !each.is(Kind.HEAP) && !each.is(Kind.SNAPSHOT));
    List<String> stores = at.able(Capability.NAMED);
    stores.remove(Suite.MANAGED);
    Optional<String> store = at.any(stores);
    if (found.isEmpty() || store.isEmpty()) {
      return;
    }
    Held which = found.get();
    long key = at.newKey();
    MemoryProvider target = at.suite.provider(store.get());
    if (which.is(Kind.PLAIN) && which.model().units() > 0 && at.chance(50)) {
      snapshotBesideStores(which, target);
      return;
    }
    if (!which.isNamed()) {
      // After a kill nobody would know what it is to have.
      String unknown = COPY + Long.toHexString(key);
      which.region().snapshot(SnapshotRequest.of(unknown).withTarget(target));
      look(which.model().snapshot(key, unknown));
      target.delete(unknown);
      return;
    }
    String name = Workplace.nameOf(key);
    long change = at.book.begin(Entry.named(Verb.COPY, which.model().key(), name, key));
    try {
      which.region().snapshot(SnapshotRequest.of(name).withTarget(target));
    } catch (MemoryException | RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    at.book.done(change);
    RegionModel copy = at.book.find(key).orElseThrow();
    look(copy);
    at.delete(copy, false);
  }

  /**
   * Makes a snapshot while a thread stores: it must be the region as it was after one of the
   * stores, with all before it and none behind it.
   */
  private void snapshotBesideStores(Held which, MemoryProvider target) throws MemoryException {
    RegionModel model = which.model();
    long[] before = new long[model.units()];
    Arrays.setAll(before, model::version);
    String name = COPY + Long.toHexString(at.newKey());
    Load load = new Load(at, which);
    try (load) {
      which.region().snapshot(SnapshotRequest.of(name).withTarget(target));
    }
    requireUnharmed(load);
    try (MemoryRegion copy = target.open(OpenRequest.of(name).readOnly())) {
      SnapshotMoment.require(Held.of(copy, model, target.name()), before, load.stores());
    }
    at.tallies.checked(model.byteSize());
    target.delete(name);
    at.checkAll(which);
  }

  private static void requireUnharmed(Load load) {
    Optional<Throwable> failure = load.failure();
    if (failure.isPresent()) {
      throw new IllegalStateException("a store beside it: " + failure.get(), failure.get());
    }
  }

  /** Compares a stored snapshot. */
  void look(RegionModel copy) throws MemoryException {
    String name = String.valueOf(copy.name());
    Held opened = at.open(copy, at.opener(name), OpenRequest.of(name).readOnly());
    try {
      at.checkAll(opened);
    } finally {
      at.close(opened);
    }
  }

  /** Snapshots that an act which was cut short has left. */
  void clearSnapshots() throws MemoryException {
    for (RegionModel model : at.book.models()) {
      if (model.kind() == Kind.SNAPSHOT) {
        look(model);
        at.delete(model, false);
      }
    }
  }

  /** Moves a region while a thread stores to it. */
  void move() throws MemoryException {
    Optional<Held> found = at.anyHeld(Held::isManaged);
    List<String> targets = at.able();
    targets.remove(Suite.MANAGED);
    Optional<String> target = at.any(targets);
    if (found.isEmpty() || target.isEmpty()) {
      return;
    }
    Held which = found.get();
    boolean cancelled = at.chance(10);
    ProgressListener progress =
        cancelled
            ? (done, total) -> {
              throw new CancellationException("cancelled by the chaos run");
            }
            : ProgressListener.NONE;
    if (!which.is(Kind.PLAIN) || which.model().units() == 0) {
      at.suite.mover().move(which.region().id(), target.get(), MoveOptions.DEFAULT, progress);
      return;
    }
    Load load = new Load(at, which);
    try (load) {
      at.suite.mover().move(which.region().id(), target.get(), MoveOptions.DEFAULT, progress);
    }
    requireUnharmed(load);
    at.checkAll(which);
  }
}
