/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.BackingProvider;
import org.dmalloc.api.backing.OrphanedRegions;
import org.jspecify.annotations.Nullable;

/**
 * A provider that keeps the contract by the simplest means, mapped files, whatever capabilities it
 * is told to declare; and that breaks it in the ways it is told to.
 */
final class ReferenceProvider implements BackingProvider {
  static final long LARGEST = 1L << 44;

  private final ProviderSettings settings;
  private final Set<Capability> capabilities;
  private final Set<Flaw> flaws;
  private final ReferenceSlots slots;
  private final Map<Long, ReferenceRegion> open = new ConcurrentHashMap<>();
  private final AtomicLong openBytes = new AtomicLong();
  private final AtomicLong allocations = new AtomicLong();
  private final AtomicLong closes = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private volatile boolean stopped;

  /** By the files of checkpointed regions. */
  private final Map<Path, ReferenceCheckpoints> checkpoints = new ConcurrentHashMap<>();

  private final Map<String, ReferenceCheckpoints> groups = new ConcurrentHashMap<>();

  ReferenceProvider(ProviderSettings settings, Set<Capability> capabilities, Set<Flaw> flaws) {
    this.settings = settings;
    this.capabilities = Collections.unmodifiableSet(capabilities);
    this.flaws = flaws;
    this.slots = new ReferenceSlots(flaws);
  }

  Set<Flaw> flaws() {
    return flaws;
  }

  ProviderSettings settings() {
    return settings;
  }

  void stop() {
    stopped = !flaws.contains(Flaw.SERVES_AFTER_STOP);
    if (flaws.contains(Flaw.STOP_CLOSES_REGIONS)) {
      regions().forEach(MemoryRegion::close);
    }
    if (!flaws.contains(Flaw.ORPHAN_FORGOTTEN)) {
      regions().forEach(OrphanedRegions::add);
    }
  }

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return capabilities.contains(Capability.ADVICE) ? EnumSet.allOf(Advice.class) : Set.of();
  }

  void require(Capability capability) {
    if (!capabilities.contains(capability) && !flaws.contains(Flaw.UNDECLARED_ACCEPTED)) {
      throw new UnsupportedCapabilityException(name(), capability);
    }
  }

  private void require(Set<Capability> needed, Set<Capability> required) {
    for (Capability capability : needed) {
      if (!flaws.contains(Flaw.REQUIRED_IGNORED) || !required.contains(capability)) {
        require(capability);
      }
    }
  }

  @Override
  public MemoryRegion allocate(RegionRequest request, long carriedAs) throws MemoryException {
    return counted(() -> allocateNow(request, carriedAs));
  }

  @Override
  public MemoryRegion open(OpenRequest request, long carriedAs) throws MemoryException {
    return counted(() -> openNow(request, carriedAs));
  }

  private interface Making {
    ReferenceRegion make() throws IOException;
  }

  private MemoryRegion counted(Making making) throws MemoryException {
    boolean done = false;
    try {
      checkRunning();
      if (flaws.contains(Flaw.INTERRUPT_LOST) && Thread.interrupted()) {
        throw MemoryException.of("allocate", "", "interrupted", "");
      }
      boolean ignored = flaws.contains(Flaw.INTERRUPT_IGNORED) && Thread.interrupted();
      if (Thread.currentThread().isInterrupted()) {
        if (flaws.contains(Flaw.INTERRUPT_AS_ADVICE)) {
          throw MemoryException.of("allocate", "", "interrupted", "clear the interrupt");
        }
        throw MemoryException.interrupted("allocate", -1, "", -1, "nothing was created");
      }
      ReferenceRegion region = making.make();
      if (ignored) {
        Thread.currentThread().interrupt();
      }
      open.put(region.id(), region);
      allocations.incrementAndGet();
      done = true;
      return region;
    } catch (MemoryException e) {
      throw e;
    } catch (FileAlreadyExistsException e) {
      throw MemoryException.of(
          "allocate", ReferenceFile.nameOf(Path.of(e.getFile())), "name taken", "choose another");
    } catch (IOException e) {
      throw MemoryException.of("allocate", -1, "" + e.getMessage(), "failed", 0, "", e);
    } finally {
      if (!done && !flaws.contains(Flaw.FAILURES_UNCOUNTED)) {
        failures.incrementAndGet();
      }
    }
  }

  private void checkRunning() {
    if (stopped) {
      throw new IllegalStateException("the provider is stopped");
    }
  }

  private ReferenceRegion allocateNow(RegionRequest r, long carriedAs) throws IOException {
    require(Requirements.of(r), r.required());
    book(r.byteSize());
    boolean done = false;
    try {
      if (r.byteSize() > LARGEST) {
        throw MemoryException.of("allocate", r.byteSize(), "", "ENOMEM", 12, "ask for less", null);
      }
      Path directory = r.directory() == null ? settings.directory() : r.directory();
      String name = r.name();
      Path path =
          name == null
              ? Files.createTempFile(directory, "unnamed", ".tmp")
              : ReferenceFile.pathOf(directory, name, flaws);
      if (name == null) {
        Files.delete(path);
      }
      ReferenceFile file = ReferenceFile.create(path, r.byteSize(), flaws);
      if (r.durability() == Durability.CHECKPOINT) {
        checkpoints.put(path, group(r.checkpoints().group(), Objects.requireNonNull(name)));
      }
      RegionInfo traits =
          info(name, r.byteSize(), r.options(), name == null ? null : path, carriedAs);
      ReferenceRegion region = finish(file, traits, r.prefault(), r.progress(), name != null);
      done = true;
      return region;
    } finally {
      if (!done && !flaws.contains(Flaw.REFUSAL_STAYS_BOOKED)) {
        unbook(r.byteSize());
      }
    }
  }

  /** Maps the file and brings it in; undoes all if that fails. */
  private ReferenceRegion finish(
      ReferenceFile file,
      RegionInfo traits,
      boolean prefault,
      ProgressListener progress,
      boolean isNamed)
      throws IOException {
    ReferenceRegion region = new ReferenceRegion(this, file, traits);
    if (!isNamed && !flaws.contains(Flaw.UNNAMED_FILE_LEFT)) {
      Files.delete(file.path());
    }
    boolean done = false;
    try (Access access = region.acquire()) {
      long size = traits.byteSize();
      if (!isNamed) {
        slots.taken(access.segment());
      }
      if (flaws.contains(Flaw.DIRTY_MEMORY) && traits.access() == AccessMode.READ_WRITE) {
        access.segment().set(JAVA_BYTE, size / 2, (byte) 1);
      }
      for (long at = 0; prefault && at < size; at += 1 << 20) {
        tell(progress, at, size);
        access.segment().get(JAVA_BYTE, at);
      }
      done = true;
    } finally {
      if (!done) {
        openBytes.addAndGet(traits.byteSize()); // closing takes it off once, the caller again
        region.close();
        closes.decrementAndGet();
        if (!flaws.contains(Flaw.CANCELLED_FILE_LEFT)) {
          Files.deleteIfExists(file.path());
        }
      }
    }
    return region;
  }

  private void tell(ProgressListener progress, long done, long total) throws MemoryException {
    try {
      progress.progressed(done, total);
    } catch (RuntimeException e) {
      if (!flaws.contains(Flaw.LISTENER_IGNORED)) {
        throw MemoryException.of("allocate", total, "", "cancelled", 0, "", e);
      }
    }
    if (Thread.currentThread().isInterrupted()) {
      throw MemoryException.interrupted("allocate", -1, "", -1, "nothing was created");
    }
  }

  private ReferenceRegion openNow(OpenRequest r, long carriedAs) throws IOException {
    require(Requirements.of(r), r.required());
    Path directory = r.directory() == null ? settings.directory() : r.directory();
    Path path = ReferenceFile.pathOf(directory, r.name(), flaws);
    boolean writer = r.access() == AccessMode.READ_WRITE && r.sharing() != Sharing.PRIVATE;
    ReferenceFile file = ReferenceFile.open(path, writer, flaws);
    long booked = 0;
    boolean done = false;
    try {
      long byteSize = file.byteSize();
      if (byteSize < 0 && !flaws.contains(Flaw.CUT_FILE_OPENS)) {
        throw MemoryException.of("open", r.name(), "damaged or cut short", "restore a copy");
      }
      byteSize = Math.max(0, byteSize);
      if (r.maximum() != RegionOptions.NO_MAXIMUM
          && byteSize > r.maximum()
          && !flaws.contains(Flaw.OPENED_ABOVE_MAXIMUM)) {
        throw MemoryException.of("open", r.name(), "maximum of " + r.maximum(), "give more");
      }
      book(byteSize);
      booked = byteSize;
      RegionInfo traits = info(r.name(), byteSize, r.options(), path, carriedAs);
      ReferenceRegion region = new ReferenceRegion(this, file, traits);
      done = true;
      return region;
    } finally {
      if (!done) {
        file.close();
        unbook(booked);
      }
    }
  }

  private RegionInfo info(
      @Nullable String name,
      long byteSize,
      RegionOptions asked,
      @Nullable Path path,
      long carriedAs) {
    boolean auto = asked.pattern() == AccessPattern.AUTO;
    return new RegionInfo(
        carriedAs,
        name,
        name(),
        byteSize,
        byteSize,
        true,
        asked
            .withSharing(sharing(asked.sharing()))
            .withPattern(auto ? AccessPattern.NORMAL : asked.pattern())
            .withDurability(
                path != null && checkpoints.containsKey(path) && isWriter(asked)
                    ? Durability.CHECKPOINT
                    : Durability.ON_FORCE),
        path,
        "mapped file",
        mapping(asked),
        Instant.EPOCH,
        0,
        false,
        null,
        capabilities);
  }

  private static boolean isWriter(RegionOptions asked) {
    return asked.access() == AccessMode.READ_WRITE && asked.sharing() != Sharing.PRIVATE;
  }

  private ReferenceCheckpoints group(@Nullable String group, String region) {
    return group == null
        ? new ReferenceCheckpoints(region, settings.sectionTimeout(), flaws)
        : groups.computeIfAbsent(
            group, name -> new ReferenceCheckpoints(name, settings.sectionTimeout(), flaws));
  }

  /** The checkpoints of a region's file; null if it has none. */
  @Nullable ReferenceCheckpoints checkpoints(RegionInfo traits, Path file) {
    return traits.durability() == Durability.CHECKPOINT ? checkpoints.get(file) : null;
  }

  private String mapping(RegionOptions asked) {
    boolean mapsPrivate =
        asked.sharing() == Sharing.PRIVATE && asked.access() == AccessMode.READ_WRITE;
    return "FileChannel.map "
        + (asked.access() == AccessMode.READ_ONLY
            ? "READ_ONLY"
            : mapsPrivate && !flaws.contains(Flaw.MAPPING_MISDESCRIBED) ? "PRIVATE" : "READ_WRITE");
  }

  private static Sharing sharing(Sharing asked) {
    return asked == Sharing.DEFAULT ? Sharing.SHARED : asked;
  }

  private void book(long bytes) throws MemoryException {
    while (true) {
      long booked = openBytes.get();
      if (bytes == 0 && flaws.contains(Flaw.EMPTY_REFUSED)) {
        throw MemoryException.of("allocate", "", "nothing", "ask for more");
      }
      if (bytes > settings.limitBytes() - booked && !flaws.contains(Flaw.LIMIT_IGNORED)) {
        throw MemoryException.of("allocate", bytes, "", "limit reached", 0, "free some", null);
      }
      if (flaws.contains(Flaw.LIMIT_RACES)) {
        LockSupport.parkNanos(1_000_000);
        openBytes.addAndGet(bytes);
        return;
      }
      if (openBytes.compareAndSet(booked, booked + bytes)) {
        return;
      }
    }
  }

  void rebook(long oldBytes, long newBytes) throws MemoryException {
    if (newBytes > oldBytes && !flaws.contains(Flaw.RESIZE_BEYOND_LIMIT)) {
      book(newBytes - oldBytes);
    } else {
      openBytes.addAndGet(newBytes - oldBytes);
    }
  }

  void unbook(long bytes) {
    openBytes.addAndGet(-bytes);
  }

  /** An unnamed region is about to give its memory back. */
  void givingBack(MemoryRegion region, MemorySegment segment) {
    slots.givenBack(region, segment, open.values());
  }

  void closed(MemoryRegion region) {
    open.remove(region.id());
    if (!flaws.contains(Flaw.CLOSED_STAYS_ORPHANED)) {
      OrphanedRegions.remove(region);
    }
    unbook(region.byteSize());
    closes.incrementAndGet();
  }

  private Path directory(@Nullable Path asked) {
    return asked == null ? settings.directory() : asked;
  }

  private static List<Path> storedFiles(Path directory) throws MemoryException {
    try (Stream<Path> list = Files.list(directory)) {
      return list.filter(p -> p.getFileName().toString().endsWith(ReferenceFile.SUFFIX)).toList();
    } catch (IOException e) {
      throw MemoryException.of("list", -1, directory.toString(), "failed", 0, "", e);
    }
  }

  @Override
  public List<StoredRegion> stored(@Nullable Path asked) throws MemoryException {
    Path directory = directory(flaws.contains(Flaw.LISTING_IGNORES_DIRECTORY) ? null : asked);
    List<StoredRegion> stored = new ArrayList<>();
    for (Path path :
        capabilities.contains(Capability.NAMED) ? storedFiles(directory) : List.<Path>of()) {
      stored.add(describe(path));
    }
    Comparator<StoredRegion> byName = Comparator.comparing(StoredRegion::name);
    stored.sort(flaws.contains(Flaw.STORED_UNSORTED) ? byName.reversed() : byName);
    return stored;
  }

  @Override
  public List<StoredRegion> stored() throws MemoryException {
    return flaws.contains(Flaw.LISTED_ONE_WAY) ? List.of() : stored(null);
  }

  private StoredRegion describe(Path path) throws MemoryException {
    String name = ReferenceFile.nameOf(path);
    try {
      StoredRegion.State state = ReferenceFile.stateOf(path, flaws);
      long byteSize = -1;
      long length = -1;
      if (state == StoredRegion.State.CLOSED) {
        try (ReferenceFile file = ReferenceFile.open(path, true, flaws)) {
          byteSize = file.byteSize();
          length = file.length() < 0 ? byteSize : file.length();
        }
      } else {
        for (MemoryRegion region : regions()) {
          boolean same = name.equals(region.info().name());
          byteSize = same ? region.byteSize() : byteSize;
          length = same ? region.length() : length;
        }
      }
      String detail = state == StoredRegion.State.UNUSABLE ? "cut short; restore a copy" : "";
      Instant created = Files.getLastModifiedTime(path).toInstant();
      return new StoredRegion(name, byteSize, length, path, state, detail, created);
    } catch (IOException e) {
      throw MemoryException.of("read", -1, path.toString(), "failed", 0, "", e);
    }
  }

  @Override
  public void delete(String name, Deletion how) throws MemoryException {
    require(Capability.NAMED);
    checkRunning();
    RegionNames.check(name);
    Path path = ReferenceFile.pathOf(directory(how.directory()), name, flaws);
    if (how.whileOpen() && !flaws.contains(Flaw.OPEN_REGION_KEPT)) {
      try {
        ReferenceFile.unlink(path, flaws);
      } catch (MemoryException e) {
        throw e;
      } catch (IOException e) {
        throw MemoryException.of("delete", -1, name, "failed", 0, "", e);
      }
      return;
    }
    try (ReferenceFile file = ReferenceFile.open(path, true, flaws)) {
      if (file.byteSize() < 0 && !flaws.contains(Flaw.FOREIGN_FILE_DELETED)) {
        throw MemoryException.of("delete", name, "not a region's file", "remove it yourself");
      }
      ReferenceFile.unlink(file.path(), Set.of());
    } catch (MemoryException e) {
      throw e;
    } catch (NoSuchFileException e) {
      throw MemoryException.of("delete", name, "no such region", "list what is stored");
    } catch (IOException e) {
      throw MemoryException.of("delete", -1, name, "failed", 0, "", e);
    }
  }

  @Override
  public void rename(
      String name, String newName, NameDurability durability, @Nullable Path directory)
      throws MemoryException {
    require(Capability.NAMED);
    checkRunning();
    RegionNames.check(newName);
    Path path = ReferenceFile.pathOf(directory(directory), RegionNames.check(name), flaws);
    try (ReferenceFile file = ReferenceFile.open(path, true, flaws)) {
      rename(file, name, newName);
    } catch (MemoryException e) {
      throw e;
    } catch (IOException e) {
      throw MemoryException.of("rename", -1, name, "failed", 0, "", e);
    }
  }

  void rename(ReferenceFile file, String name, String newName) throws IOException {
    if (name.equals(newName)) {
      return;
    }
    Path directory = Objects.requireNonNull(file.path().getParent());
    try {
      file.rename(ReferenceFile.pathOf(directory, newName, flaws), flaws);
    } catch (FileAlreadyExistsException e) {
      throw MemoryException.of("rename", newName, "the name is taken", "choose another");
    }
  }

  @Override
  public void forceNames() {
    if (!flaws.contains(Flaw.FORCES_AFTER_STOP)) {
      checkRunning();
    }
    if (flaws.contains(Flaw.FORCED_NAMES_CUT_LENGTHS)) {
      for (MemoryRegion region : regions()) {
        region.setLength(0);
      }
    }
  }

  @Override
  public List<MemoryRegion> regions() {
    Comparator<MemoryRegion> byId = Comparator.comparingLong(MemoryRegion::id);
    return open.values().stream()
        .filter(r -> !r.isCarried() || flaws.contains(Flaw.CARRIED_LISTED))
        .sorted(flaws.contains(Flaw.LISTING_UNSORTED) ? byId.reversed() : byId)
        .<MemoryRegion>map(r -> r)
        .toList();
  }

  @Override
  public ProviderStatistics statistics() {
    return new ProviderStatistics(
        open.size(),
        openBytes.get(),
        settings.limitBytes(),
        allocations.get(),
        closes.get(),
        failures.get());
  }

  @Override
  public List<StoreFinding> verify() throws MemoryException {
    List<StoreFinding> findings = new ArrayList<>();
    for (StoredRegion each : stored()) {
      boolean usable = each.state() != StoredRegion.State.UNUSABLE;
      findings.add(
          new StoreFinding(
              usable ? StoreFinding.Severity.OK : StoreFinding.Severity.ERROR,
              each.path().toString(),
              usable ? "whole" : each.detail()));
    }
    return findings;
  }
}
