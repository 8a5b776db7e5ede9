/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.measure.chaos.model.Entry;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.dmalloc.measure.chaos.model.RegionModel.Kind;

/** Acts on regions of units: their memory, size and protection. */
final class RegionActs {
  private static final int PAGE_BYTES = 4096;
  private static final int MOST_PAGES = 512;
  private static final int MOST_HELD = 24;
  private static final long MOST_BYTES = 24L << 20;
  private static final int SMALL_REGIONS = 24;

  private final Workplace at;

  RegionActs(Workplace at) {
    this.at = at;
  }

  /** Small pieces for small regions, so that each has several; pages for the others. */
  private static int unitBytes(long byteSize) {
    return byteSize < PAGE_BYTES ? 64 : byteSize <= 16 * PAGE_BYTES ? 512 : PAGE_BYTES;
  }

  private long size() {
    return switch (at.random.nextInt(4)) {
      case 0 -> 1 + at.random.nextInt(PAGE_BYTES);
      case 1 -> (1 + at.random.nextInt(16)) * (long) PAGE_BYTES;
      case 2 -> 1 + at.random.nextInt(64 * PAGE_BYTES);
      default -> (1 + at.random.nextInt(MOST_PAGES)) * (long) PAGE_BYTES;
    };
  }

  private long heldBytes() {
    return at.book.models().stream().mapToLong(RegionModel::byteSize).sum();
  }

  void allocate() throws MemoryException {
    long size = size();
    if (at.held.size() >= MOST_HELD || heldBytes() + size > MOST_BYTES) {
      free();
      return;
    }
    String provider = at.any(at.able()).orElseThrow();
    Set<Capability> can = at.suite.provider(provider).capabilities();
    long key = at.newKey();
    String name = can.contains(Capability.NAMED) && at.chance(50) ? Workplace.nameOf(key) : null;
    RegionRequest request = RegionRequest.ofSize(size).withName(name);
    if (can.contains(Capability.GROW_IN_PLACE) && at.chance(40)) {
      request = request.withMaximum(4L * size);
    }
    if (name != null && at.chance(30)) {
      request = request.withNameDurability(NameDurability.ON_FORCE);
    }
    request = request.withCheckedSections(at.chance(10));
    if (can.contains(Capability.PREFAULT)) {
      request = request.withPrefault(at.chance(10));
    }
    Held made =
        at.allocate(
            new RegionModel(key, Kind.PLAIN, 0, unitBytes(size), size, name), provider, request);
    at.checkAll(made);
    storeSome(made);
  }

  void free() {
    at.anyHeld(each -> each.is(Kind.PLAIN)).ifPresent(at::close);
  }

  void write() throws MemoryException {
    Optional<Held> which = at.anyHeld(each -> each.is(Kind.PLAIN));
    if (which.isEmpty()) {
      allocate();
      return;
    }
    storeSome(which.get());
  }

  private void storeSome(Held which) throws MemoryException {
    int units = which.model().units();
    if (units == 0) {
      return;
    }
    int count = 1 + at.random.nextInt(Math.min(units, Workplace.MOST_UNITS));
    int unit = at.random.nextInt(units - count + 1);
    if (which.bare().get(unit, unit + count).isEmpty()) {
      at.store(which, unit, count);
    }
  }

  void check() throws MemoryException {
    Optional<Held> which = at.anyHeld(each -> each.is(Kind.PLAIN));
    if (which.isPresent()) {
      if (at.chance(30)) {
        at.checkAll(which.get());
      } else {
        at.checkSome(which.get());
      }
    }
  }

  void resize() throws MemoryException {
    Optional<Held> found = at.anyHeld(each -> each.is(Kind.PLAIN) && can(each, Capability.RESIZE));
    if (found.isEmpty()) {
      return;
    }
    Held which = found.get();
    RegionModel model = which.model();
    long unit = model.unitBytes();
    // Whole units, so that bytes behind the last one, which are zero, stay so.
    long size = Math.min(1 + at.random.nextLong(2L * model.units() + 4), MOST_PAGES) * unit;
    boolean ensured = size > model.byteSize() && at.chance(50);
    if (size > model.byteSize() && heldBytes() + size > MOST_BYTES) {
      return;
    }
    long change = at.book.begin(Entry.of(Verb.SIZE, model.key(), size));
    try {
      if (ensured) {
        which.region().ensure(size);
      } else {
        which.region().resize(size);
      }
    } catch (MemoryException | RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    at.book.done(change);
    which.bare().clear(model.units(), Integer.MAX_VALUE);
    at.checkAll(which);
  }

  private static boolean can(Held which, Capability capability) {
    return which.region().info().capabilities().contains(capability);
  }

  void punch() throws MemoryException {
    Optional<Held> found =
        at.anyHeld(
            each -> each.is(Kind.PLAIN) && each.model().units() > 0 && can(each, Capability.PUNCH));
    if (found.isEmpty()) {
      return;
    }
    Held which = found.get();
    RegionModel model = which.model();
    int count = 1 + at.random.nextInt(model.units());
    int unit = at.random.nextInt(model.units() - count + 1);
    long offset = (long) unit * model.unitBytes();
    long length = (long) count * model.unitBytes();
    Punch space = at.chance(50) ? Punch.KEEP_RESERVED : Punch.RELEASE;
    if (space == Punch.RELEASE) {
      which.bare().set(unit, unit + count);
    }
    long change = at.book.begin(Entry.of(Verb.WRITE, model.key(), unit, count, 0));
    try {
      which.region().punch(offset, length, space);
    } catch (MemoryException e) {
      emptyByStores(which, unit, count, change);
      throw e;
    } catch (RuntimeException e) {
      at.book.not(change);
      throw e;
    }
    at.book.done(change);
    at.check(which, unit, count);
    reserve(which);
  }

  /** A punch that failed may have emptied a part of the range. */
  private void emptyByStores(Held which, int unit, int count, long change) {
    for (int each = unit; each < unit + count; each++) {
      String difference = at.difference(which, each, which.model().version(each));
      if (difference != null && at.difference(which, each, 0) != null) {
        throw new LostBytesException(which + ", unit " + each + " after a punch: " + difference);
      }
    }
    at.book.not(change);
    for (int each = unit; each < unit + count; each++) {
      if (at.difference(which, each, which.model().version(each)) != null) {
        at.book.done(at.book.begin(Entry.of(Verb.WRITE, which.model().key(), each, 1, 0)));
      }
    }
    // Nobody knows what space it has; some file systems give it up first.
    which.bare().set(unit, unit + count);
  }

  /** Takes the space again that was given back. */
  private void reserve(Held which) throws MemoryException {
    int unit = which.bare().nextSetBit(0);
    while (unit >= 0) {
      int end = which.bare().nextClearBit(unit);
      long bytes = which.model().unitBytes();
      which.region().reserve(unit * bytes, (end - unit) * bytes);
      which.bare().clear(unit, end);
      unit = which.bare().nextSetBit(end);
    }
  }

  /**
   * Makes a region that was opened safe to store to, as one that had its space given back is not.
   */
  static void takeSpace(Held opened) throws MemoryException {
    if (opened.region().info().reservation() == Reservation.SPARSE
        && can(opened, Capability.PUNCH)
        && opened.model().byteSize() > 0) {
      opened.bare().set(0, opened.model().units());
      opened.region().reserve(0, opened.model().byteSize());
      opened.bare().clear();
    } else if (opened.region().info().reservation() == Reservation.SPARSE) {
      opened.bare().set(0, opened.model().units());
    }
  }

  void protect() throws MemoryException {
    Optional<Held> found = at.anyHeld(each -> each.is(Kind.PLAIN) && each.model().units() > 0);
    if (found.isEmpty()) {
      return;
    }
    Held which = found.get();
    RegionModel model = which.model();
    int count = 1 + at.random.nextInt(model.units());
    int unit = at.random.nextInt(model.units() - count + 1);
    long offset = (long) unit * model.unitBytes();
    long length = (long) count * model.unitBytes();
    which.region().protect(offset, length, AccessMode.READ_ONLY);
    try {
      try (Access access = which.region().acquire(offset, length)) {
        if (!access.segment().isReadOnly()) {
          throw new LostBytesException(which + " gives a protected range that can be stored to");
        }
      }
      at.check(which, unit, count);
    } finally {
      which.region().protect(offset, length, AccessMode.READ_WRITE);
    }
  }

  void force() throws MemoryException {
    Optional<Held> which =
        at.anyHeld(each -> !each.is(Kind.CHECKPOINTED) && can(each, Capability.FORCE));
    if (which.isPresent()) {
      which.get().region().force();
      at.checkUsed();
    }
  }

  /** Many regions of a provider's slabs at once. */
  void small() throws MemoryException {
    String provider = at.any(at.able()).orElseThrow();
    List<Held> made = new ArrayList<>();
    try {
      int count = 2 + at.random.nextInt(SMALL_REGIONS);
      for (int each = 0; each < count; each++) {
        long size = 1L + at.random.nextInt(16 * PAGE_BYTES);
        RegionModel model = new RegionModel(at.newKey(), Kind.PLAIN, 0, 64, size, null);
        made.add(at.allocate(model, provider, RegionRequest.ofSize(size)));
        storeSome(made.getLast());
      }
      made.forEach(at::checkAll);
    } finally {
      for (Held each : made) {
        at.close(each);
      }
    }
  }
}
