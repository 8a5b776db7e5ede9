/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.chaos.model.Entry;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.dmalloc.measure.chaos.model.UnitContent;

/**
 * Acts on what processes share: a counter that all hands of all workers add to, in a stored region,
 * and regions without a name that another worker looks at.
 */
final class SharingActs {
  /** The region with the counter, in a directory that all workers have. */
  private static final String COUNTER = "counter";

  /** Where that directory lies below the disk of all. */
  static final String DIRECTORY = "shared";

  private static final long COUNTER_BYTES = 4096;
  private static final int UNIT_BYTES = 4096;
  private static final int MOST_UNITS = 64;
  private static final int MOST_ADDED = 50;
  private static final VarHandle COUNT = ValueLayout.JAVA_LONG.varHandle();

  private final Workplace at;
  private final Path directory;
  private final Consumer<Visit> visits;

  /** A region that was offered to others, and stays as it is until the next one is. */
  private Optional<MemoryRegion> offered = Optional.empty();

  SharingActs(Workplace at, Path directory, Consumer<Visit> visits) {
    this.at = at;
    this.directory = directory;
    this.visits = visits;
  }

  /** The providers that have it, without the managed one. */
  static List<String> sharing(Suite suite, boolean named) {
    List<String> able = new ArrayList<>();
    for (String name : suite.names()) {
      if (!name.equals(Suite.MANAGED)) {
        Set<Capability> can = suite.provider(name).capabilities();
        if (can.contains(Capability.PROCESS_SHARED) && can.contains(Capability.NAMED) == named) {
          able.add(name);
        }
      }
    }
    return able;
  }

  /** The options by which all open the counter. */
  private static RegionOptions shared(Path directory) {
    return RegionOptions.DEFAULT.withProcessShared(true).withDirectory(directory);
  }

  /**
   * Makes the counter if there is none: in another directory first, so that nobody opens one that
   * is being made.
   */
  static void make(Path directory, MemoryProvider provider) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    Path making = directory.resolveSibling(DIRECTORY + ".new");
    OpenDirectory.delete(making); // of one that was killed
    Files.createDirectory(making);
    provider
        .allocate(RegionRequest.ofSize(COUNTER_BYTES).withName(COUNTER).with(shared(making)))
        .close();
    Files.move(making, directory, StandardCopyOption.ATOMIC_MOVE);
  }

  /** What the counter has; it is deleted, and its directory must be empty then. */
  static long take(Path directory, MemoryProvider provider) throws IOException {
    long count;
    try (MemoryRegion region = provider.open(OpenRequest.of(COUNTER).with(shared(directory)));
        Access access = region.acquire()) {
      count = (long) COUNT.getVolatile(access.segment(), 0L);
    }
    provider.delete(COUNTER, Deletion.DEFAULT.withDirectory(directory));
    Files.delete(directory);
    return count;
  }

  /** Adds to the counter, beside all others. */
  void share() throws MemoryException {
    Optional<String> provider = at.any(sharing(at.suite, true));
    if (provider.isEmpty() || !Files.isDirectory(directory)) {
      return;
    }
    try (MemoryRegion region =
        at.suite.provider(provider.get()).open(OpenRequest.of(COUNTER).with(shared(directory)))) {
      int adds = 1 + at.random.nextInt(MOST_ADDED);
      for (int each = 0; each < adds; each++) {
        long change = at.book.begin(Entry.of(Verb.ADD, 0, 1));
        try (Access access = region.acquire()) {
          long before = (long) COUNT.getAndAdd(access.segment(), 0L, 1L);
          if (before < 0) {
            throw new LostBytesException("the shared counter has become " + before);
          }
        }
        at.book.done(change);
      }
    }
  }

  /** Offers a region without a name to another worker. */
  void attach() throws MemoryException {
    Optional<String> found = at.any(sharing(at.suite, false));
    if (found.isEmpty()) {
      return;
    }
    close();
    String provider = found.get();
    int units = 1 + at.random.nextInt(MOST_UNITS);
    MemoryRegion region =
        at.suite
            .provider(provider)
            .allocate(
                RegionRequest.ofSize((long) units * UNIT_BYTES)
                    .with(RegionOptions.DEFAULT.withProcessShared(true)));
    offered = Optional.of(region);
    long key = at.newKey();
    long version = at.newVersion();
    try (Access access = region.acquire()) {
      for (int unit = 0; unit < units; unit++) {
        at.content()
            .store(access.segment(), (long) unit * UNIT_BYTES, UNIT_BYTES, key, unit, version);
      }
    }
    visits.accept(new Visit(provider, region.token(), key, UNIT_BYTES, units, version));
  }

  /** Looks at a region that another worker has offered. */
  static void look(Suite suite, Visit visit, Tallies tallies) throws MemoryException {
    UnitContent content = new UnitContent();
    try (MemoryRegion region =
            suite
                .provider(visit.provider())
                .attach(visit.token(), RegionOptions.DEFAULT.withProcessShared(true));
        Access access = region.acquire()) {
      MemorySegment segment = access.segment();
      for (int unit = 0; unit < visit.units(); unit++) {
        String difference =
            content.difference(
                segment,
                (long) unit * visit.unitBytes(),
                visit.unitBytes(),
                visit.key(),
                unit,
                visit.version());
        if (difference != null) {
          throw new LostBytesException(
              "a region of another process, unit " + unit + ": " + difference);
        }
      }
    }
    tallies.checked((long) visit.units() * visit.unitBytes());
  }

  void close() {
    offered.ifPresent(MemoryRegion::close);
    offered = Optional.empty();
  }
}
