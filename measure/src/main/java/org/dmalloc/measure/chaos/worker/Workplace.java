/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.measure.chaos.model.Book;
import org.dmalloc.measure.chaos.model.Entry;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.dmalloc.measure.chaos.model.UnitContent;
import org.jspecify.annotations.Nullable;

/**
 * What a hand works with: its regions, their models, its dice. Each call keeps regions and models
 * in step: a change that is refused has changed neither. Belongs to the hand's thread, but for
 * {@link #store(Held, int, int, long, UnitContent)}.
 */
final class Workplace {
  /** The most units that are stored in one section. */
  static final int MOST_UNITS = 16;

  private static final int KEY_BITS_OF_COUNT = 24;
  private static final int KEY_BITS_OF_GENERATION = 20;
  private static final int KEY_BITS_OF_HAND = 8;

  final Suite suite;
  final Book book;
  final SplittableRandom random;
  final Tallies tallies;
  final Path disk;
  final List<Held> held = new ArrayList<>();
  private final long keys;
  private final UnitContent content = new UnitContent();
  private long lastKey;
  private long lastVersion;

  /** What the act that runs has used: it is looked at again if the act is refused. */
  private final Set<Held> used = new LinkedHashSet<>();

  Workplace(
      Suite suite,
      Book book,
      SplittableRandom random,
      Tallies tallies,
      Path disk,
      int worker,
      int hand,
      int generation) {
    this.suite = suite;
    this.book = book;
    this.random = random;
    this.tallies = tallies;
    this.disk = disk;
    long whose = ((worker + 1L) << KEY_BITS_OF_HAND) + hand;
    keys = ((whose << KEY_BITS_OF_GENERATION) + generation) << KEY_BITS_OF_COUNT;
    lastVersion = (long) generation << 40;
  }

  /** A number that no other region or block has, of any hand or generation. */
  long newKey() {
    return keys + ++lastKey;
  }

  /** Whether a key, as text, is one of this hand's, of whatever generation. */
  boolean isOwn(String hexadecimal) {
    int shift = KEY_BITS_OF_COUNT + KEY_BITS_OF_GENERATION;
    return Long.parseLong(hexadecimal, 16) >>> shift == keys >>> shift;
  }

  /** Greater than all before it. The hand's thread alone asks. */
  long newVersion() {
    return ++lastVersion;
  }

  /** So many numbers of versions at once, for another thread; the first of them. */
  long newVersions(long count) {
    long first = lastVersion + 1;
    lastVersion += count;
    return first;
  }

  static String nameOf(long key) {
    return "r" + Long.toHexString(key);
  }

  boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  <T> Optional<T> any(List<T> all) {
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(random.nextInt(all.size())));
  }

  Optional<Held> anyHeld(Predicate<Held> which) {
    Optional<Held> found = any(held.stream().filter(which).toList());
    found.ifPresent(used::add);
    return found;
  }

  /** Names of providers that are there now and can do it. */
  List<String> able(Capability... capabilities) {
    List<String> able = new ArrayList<>();
    for (String name : suite.names()) {
      try {
        if (suite.provider(name).capabilities().containsAll(List.of(capabilities))) {
          able.add(name);
        }
      } catch (IllegalStateException e) {
        // Away for the moment, as the suite in a container may be.
        if (!suite.comesAndGoes()) {
          throw e;
        }
      }
    }
    return able;
  }

  /** A new act begins. */
  void begin() {
    used.clear();
  }

  /** An act was refused: what it used must be as it was. */
  void checkUsed() throws MemoryException {
    for (Held each : used) {
      if (held.contains(each) && !each.is(RegionModel.Kind.HEAP)) {
        checkSome(each);
      }
    }
  }

  void use(Held which) {
    used.add(which);
  }

  /** Allocates a region of zeros for the model. */
  Held allocate(RegionModel model, String provider, RegionRequest request) throws MemoryException {
    long change = book.begin(Entry.region(model));
    MemoryRegion region;
    try {
      region = suite.provider(provider).allocate(request);
    } catch (MemoryException | RuntimeException e) {
      book.not(change);
      throw e;
    }
    book.done(change);
    Held made = Held.of(region, book.find(model.key()).orElseThrow(), provider);
    held.add(made);
    if (region.byteSize() != model.byteSize()) {
      throw new LostBytesException(made + " has " + region.byteSize() + " bytes");
    }
    return made;
  }

  /** Opens a stored region; its content is not looked at. */
  Held open(RegionModel model, String provider, OpenRequest request) throws MemoryException {
    Held opened = openAnySize(model, provider, request);
    if (opened.region().byteSize() != model.byteSize()) {
      throw new LostBytesException(
          String.format(
              Locale.ROOT,
              "%s has %d bytes in place of %d",
              opened,
              opened.region().byteSize(),
              model.byteSize()));
    }
    return opened;
  }

  /** Opens a stored region whose size may be another than its model has. */
  Held openAnySize(RegionModel model, String provider, OpenRequest request) throws MemoryException {
    Held opened = Held.of(suite.provider(provider).open(request), model, provider);
    held.add(opened);
    used.add(opened);
    return opened;
  }

  /** Closes a region; one without a name is gone. */
  void close(Held which) {
    held.remove(which);
    try {
      which.region().close();
    } catch (IllegalStateException e) {
      held.add(which); // it stays open, and is tried again
      throw e;
    } finally {
      if (!which.isNamed() && !held.contains(which)) {
        book.done(book.begin(Entry.of(Verb.GONE, which.model().key())));
      }
    }
  }

  /** Closes all regions as they are, to be opened again. */
  void abandon() {
    for (Held each : held) {
      try {
        each.region().close();
      } catch (UncheckedIOException e) {
        tallies.refused(Act.REOPEN.word(), String.valueOf(e.getMessage()));
      }
    }
    held.clear();
  }

  /** The providers whose store has it, without the managed one. */
  List<String> holders(String name) throws MemoryException {
    List<String> holders = new ArrayList<>();
    for (String provider : able(Capability.NAMED)) {
      if (!provider.equals(Suite.MANAGED)
          && suite.provider(provider).stored(name, null).isPresent()) {
        holders.add(provider);
      }
    }
    return holders;
  }

  /** A provider that can open it: one that has its store, or the managed one. */
  String opener(String name) throws MemoryException {
    List<String> holders = holders(name);
    if (holders.isEmpty()) {
      if (suite.comesAndGoes()) {
        throw new IllegalStateException("nobody who has the store of " + name + " is there");
      }
      throw new LostBytesException("region " + name + " is in no store");
    }
    boolean managed = able(Capability.NAMED).contains(Suite.MANAGED);
    return managed && chance(40) ? Suite.MANAGED : any(holders).orElseThrow();
  }

  /** Deletes a stored region. */
  void delete(RegionModel model, boolean whileOpen) throws MemoryException {
    String name = String.valueOf(model.name());
    List<String> holders = holders(name);
    if (holders.isEmpty()) {
      opener(name);
    }
    MemoryProvider provider = suite.provider(any(holders).orElseThrow());
    long change = book.begin(Entry.of(Verb.GONE, model.key()));
    try {
      provider.delete(name, Deletion.DEFAULT.withWhileOpen(whileOpen));
    } catch (MemoryException | RuntimeException e) {
      book.not(change);
      throw e;
    }
    book.done(change);
  }

  /** Stores a new version to units of a region, in a section. */
  void store(Held which, int unit, int count) throws MemoryException {
    store(which, unit, count, newVersion(), content);
  }

  /** The same, for a thread with a content and versions of its own. */
  void store(Held which, int unit, int count, long version, UnitContent with)
      throws MemoryException {
    RegionModel model = which.model();
    long offset = (long) unit * model.unitBytes();
    long length = (long) count * model.unitBytes();
    long change = book.begin(Entry.of(Verb.WRITE, model.key(), unit, count, version));
    boolean part = version % 2 == 0;
    try (Access access = part ? which.region().acquire(offset, length) : which.region().acquire()) {
      if (access.segment().isReadOnly()) {
        throw new IllegalStateException(which + " waits for a backend, and is read-only");
      }
      for (int each = 0; each < count; each++) {
        with.store(
            access.segment(),
            (part ? 0 : offset) + (long) each * model.unitBytes(),
            model.unitBytes(),
            model.contentKey(),
            unit + each,
            version);
      }
    } catch (IllegalStateException e) {
      book.not(change);
      throw e;
    }
    book.done(change);
  }

  /** Compares units of a region with its model, in one section. */
  void check(Held which, int unit, int count) {
    RegionModel model = which.model();
    try (Access access = which.region().acquire()) {
      for (int each = unit; each < unit + count; each++) {
        String difference = difference(access.segment(), model, each, model.version(each));
        if (difference != null) {
          throw new LostBytesException(words(which, each, difference));
        }
      }
    }
    tallies.checked((long) count * model.unitBytes());
  }

  private @Nullable String difference(
      MemorySegment segment, RegionModel model, int unit, long version) {
    return content.difference(
        segment,
        (long) unit * model.unitBytes(),
        model.unitBytes(),
        model.contentKey(),
        unit,
        version);
  }

  private static String words(Held which, int unit, String difference) {
    return String.format(
        Locale.ROOT,
        "%s, unit %d of %d (%d bytes each): %s",
        which,
        unit,
        which.model().units(),
        which.model().unitBytes(),
        difference);
  }

  /** Compares all of a region with its model, and that what is behind its last unit is zero. */
  void checkAll(Held which) {
    String difference = difference(which, which.model());
    if (difference != null) {
      throw new LostBytesException(difference);
    }
  }

  /** What is wrong with a region, if it is to be as a model; null if nothing is. */
  @Nullable String difference(Held which, RegionModel model) {
    try (Access access = which.region().acquire()) {
      MemorySegment segment = access.segment();
      if (segment.byteSize() != model.byteSize()) {
        return String.format(
            Locale.ROOT,
            "%s has %d bytes in place of %d",
            which,
            segment.byteSize(),
            model.byteSize());
      }
      for (int unit = 0; unit < model.units(); unit++) {
        String difference = difference(segment, model, unit, model.version(unit));
        if (difference != null) {
          return words(which, unit, difference);
        }
      }
      long end = (long) model.units() * model.unitBytes();
      String difference =
          content.difference(segment, end, (int) (model.byteSize() - end), model.key(), 0, 0);
      tallies.checked(model.byteSize());
      return difference == null ? null : which + ", behind its last unit: " + difference;
    }
  }

  /** Compares some units of a region, or all of a small one. */
  void checkSome(Held which) throws MemoryException {
    int units = which.model().units();
    if (units <= MOST_UNITS || chance(10)) {
      checkAll(which);
    } else {
      int count = 1 + random.nextInt(MOST_UNITS);
      check(which, random.nextInt(units - count + 1), count);
    }
  }

  /** What is wrong with a unit; null if it has that version. */
  @Nullable String difference(Held which, int unit, long version) {
    try (Access access = which.region().acquire()) {
      return difference(access.segment(), which.model(), unit, version);
    }
  }

  UnitContent content() {
    return content;
  }
}
