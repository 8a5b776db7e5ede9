/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.FollowOptions;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.Standby;
import org.dmalloc.backup.archive.ChainReader;
import org.dmalloc.backup.archive.FollowRecord;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.MemberState;
import org.dmalloc.backup.directory.DurableFiles;
import org.jspecify.annotations.Nullable;

/** Copies that a thread keeps as the newest checkpoint of a backup is. */
final class FollowingRegions implements Standby {
  private static final Logger LOG = System.getLogger(FollowingRegions.class.getName());
  private static final int PAGE_BYTES = SealedCheckpoint.PAGE_BYTES;

  private final BackupStore store;
  private final RestoreRequest request;
  private final MemoryProvider provider;
  private final FollowOptions options;
  private final InstantSource clock;
  private final Path record;
  private final TreeMap<Integer, MemoryRegion> regions;
  private final Pauses pauses = new Pauses();
  private final Thread thread;
  private long applied;
  private Status status;

  private FollowingRegions(
      BackupStore store,
      RestoreRequest request,
      MemoryProvider provider,
      FollowOptions options,
      InstantSource clock,
      Copies copies) {
    this.store = store;
    this.request = request;
    this.provider = provider;
    this.options = options;
    this.clock = clock;
    this.record = copies.record();
    this.regions = copies.regions();
    this.applied = copies.number();
    Instant never = Instant.EPOCH;
    this.status = new Status(applied, never, applied, never, never, null);
    this.thread =
        Thread.ofPlatform()
            .daemon()
            .name("dmalloc follow " + request.backup())
            .unstarted(this::follow);
  }

  /** The copies as they are found or made. */
  private record Copies(TreeMap<Integer, MemoryRegion> regions, long number, Path record) {}

  static FollowingRegions start(
      BackupStore store,
      RestoreRequest request,
      MemoryProvider provider,
      FollowOptions options,
      InstantSource clock)
      throws MemoryException {
    if (!request.point().equals(RestorePoint.LATEST)) {
      throw new IllegalArgumentException(
          "follow from " + request.point() + "; leave the point out, it is the newest");
    }
    Optional<Path> record = record(request, provider, options);
    Optional<Copies> copies =
        record.isPresent() ? open(record.get(), request, provider) : Optional.empty();
    Copies start =
        copies.isPresent() ? copies.get() : make(store, request, provider, options, record);
    FollowingRegions following =
        new FollowingRegions(store, request, provider, options, clock, start);
    try {
      following.look(Backups.head(store, request.backup()));
    } catch (MemoryException | RuntimeException e) {
      following.closeRegions();
      throw e;
    }
    following.thread.start();
    return following;
  }

  /** The file of the record; empty if only the first copy will tell where it is to be. */
  private static Optional<Path> record(
      RestoreRequest request, MemoryProvider provider, FollowOptions options)
      throws MemoryException {
    Path given = options.record();
    if (given != null) {
      return Optional.of(given.toAbsolutePath());
    }
    Path directory = request.options() == null ? null : request.options().directory();
    Optional<Path> copies =
        directory == null
            ? provider.stored().stream().flatMap(region -> parent(region.path())).findFirst()
            : Optional.of(directory.toAbsolutePath());
    return copies.map(path -> record(path, request));
  }

  private static Path record(Path directory, RestoreRequest request) {
    return directory.resolve(request.backup() + ".follow");
  }

  private static Stream<Path> parent(@Nullable Path file) {
    return Stream.ofNullable(file)
        .flatMap(path -> Stream.ofNullable(path.toAbsolutePath().getParent()));
  }

  private static Optional<FollowRecord> read(Path record) throws MemoryException {
    try {
      return FollowRecord.decode(ByteBuffer.wrap(Files.readAllBytes(record)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw DurableFiles.refused("read", record, e);
    }
  }

  /** Opens the copies that a record tells of; empty if they were never complete. */
  private static Optional<Copies> open(Path file, RestoreRequest request, MemoryProvider provider)
      throws MemoryException {
    Optional<FollowRecord> found = read(file);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    FollowRecord record = found.get();
    if (!record.backup().equals(request.backup())) {
      throw MemoryException.of(
          "follow",
          file.toString(),
          "it is the record of copies of " + record.backup(),
          "name another file");
    }
    Path directory = request.options() == null ? null : request.options().directory();
    int there = 0;
    for (String name : record.names().values()) {
      there += provider.stored(name, directory).isPresent() ? 1 : 0;
    }
    if (there == 0) {
      return Optional.empty();
    }
    if (there < record.names().size()) {
      throw MemoryException.of(
          "follow",
          record.names().values().toString(),
          "some of the copies are gone",
          "delete the others and " + file + ", so that all are copied anew");
    }
    TreeMap<Integer, MemoryRegion> regions = new TreeMap<>();
    try {
      for (Map.Entry<Integer, String> each : record.names().entrySet()) {
        OpenRequest open = OpenRequest.of(each.getValue());
        regions.put(
            each.getKey(), provider.open(directory == null ? open : open.withDirectory(directory)));
      }
    } catch (MemoryException | RuntimeException e) {
      regions.values().forEach(MemoryRegion::close);
      throw e;
    }
    return Optional.of(new Copies(regions, record.number(), file));
  }

  private static Copies make(
      BackupStore store,
      RestoreRequest request,
      MemoryProvider provider,
      FollowOptions options,
      Optional<Path> known)
      throws MemoryException {
    Head head = Backups.head(store, request.backup());
    long number = Points.find(head, request.point(), store).number();
    TreeMap<Integer, MemoryRegion> regions = new TreeMap<>();
    Path[] record = new Path[1];
    new NewRegions(store, head, number, provider, options.progress())
        .make(
            request.names(),
            request.options(),
            made -> {
              TreeMap<Integer, String> names = new TreeMap<>();
              made.forEach((member, copy) -> names.put(member, copy.name()));
              made.forEach((member, copy) -> regions.put(member, copy.region()));
              record[0] = known.orElseGet(() -> beside(regions.values(), request));
              write(record[0], new FollowRecord(request.backup(), number, names));
            });
    return new Copies(regions, number, record[0]);
  }

  private static Path beside(Collection<MemoryRegion> copies, RestoreRequest request) {
    return copies.stream()
        .flatMap(copy -> parent(copy.info().path()))
        .findFirst()
        .map(directory -> record(directory, request))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the copies have no files to put their record beside; name a file for it"));
  }

  private static void write(Path record, FollowRecord content) throws MemoryException {
    KeepRecords.replace(record, content.encode());
  }

  private void follow() {
    while (pauses.pause(options.every().toMillis())) {
      try {
        look(Backups.head(store, request.backup()));
      } catch (MemoryException | RuntimeException e) {
        failed(String.valueOf(e.getMessage()));
      }
    }
  }

  private synchronized void failed(String why) {
    if (!why.equals(status.failure())) { // said once, not with every look
      LOG.log(Level.WARNING, "follow " + request.backup() + ": " + why);
    }
    status =
        new Status(
            status.applied(),
            status.at(),
            status.newest(),
            status.newestAt(),
            status.lookedAt(),
            why);
  }

  /** Brings the copies to the newest checkpoint of a head. */
  private void look(Head head) throws MemoryException {
    long newest = Points.find(head, RestorePoint.LATEST, store).number();
    if (newest > applied) {
      advance(head, newest);
    }
    synchronized (this) {
      Instant at = Points.at(head, newest);
      status = new Status(applied, at, newest, at, clock.instant(), null);
    }
  }

  private void advance(Head head, long number) throws MemoryException {
    PointRead read = new PointRead(store, head, number, applied);
    try (PageFile pages = PageFile.create(record.getParent())) {
      read.read(pages, bytes -> requireOpen());
      List<MemberState> wanted = wanted(read.mergedMembers());
      for (MemberState member : wanted) {
        grow(member);
      }
      remember(applied);
      PagesInMemory cuts = new PagesInMemory();
      for (MemberState member : wanted) {
        cut(member, read, cuts);
      }
      Set<Integer> copied = current().keySet();
      new CopiedRegions(current())
          .apply(
              visitor -> {
                pages.read(
                    (member, firstPage, content) -> {
                      if (copied.contains(member)) {
                        visitor.pages(member, firstPage, content);
                      }
                    });
                cuts.show(visitor);
                for (MemberState member : wanted) {
                  zeros(member, read, visitor);
                }
              });
      for (MemberState member : wanted) {
        settle(member);
      }
      forget(wanted);
      remember(number);
    }
    applied = number;
  }

  private void requireOpen() throws MemoryException {
    if (pauses.ended()) {
      throw MemoryException.of(
          "follow", request.backup().toString(), "it was closed", "it goes on the next time");
    }
  }

  private List<MemberState> wanted(List<MemberState> members) {
    return members.stream()
        .filter(
            member -> {
              boolean named =
                  request.names().isEmpty() || request.names().containsKey(member.region());
              return named || current().containsKey(member.number());
            })
        .toList();
  }

  /** Makes room for what the checkpoint has; allocates a region that is new in it. */
  private void grow(MemberState member) throws MemoryException {
    MemoryRegion region = current().get(member.number());
    if (region == null) {
      String name = request.names().getOrDefault(member.region(), member.region());
      MemoryRegion made =
          provider.allocate(
              RegionRequest.ofSize(member.byteSize())
                  .withName(name)
                  .with(NewRegions.options(request.options(), provider)));
      synchronized (this) {
        regions.put(member.number(), made);
      }
    } else if (region.byteSize() < member.byteSize()) {
      region.resize(member.byteSize());
    }
  }

  /** Pages that are shown to each who asks. */
  private static final class PagesInMemory {
    private record Page(int member, long number, ByteBuffer content) {}

    private final List<Page> pages = new ArrayList<>();

    void add(int member, long number, ByteBuffer content) {
      pages.add(new Page(member, number, content));
    }

    void show(ChainReader.Visitor visitor) throws MemoryException {
      for (Page page : pages) {
        visitor.pages(page.member, page.number, page.content.duplicate());
      }
    }
  }

  /** Where older pages of a member end: behind it are zeros, or what was read. */
  private static long cut(MemberState member, PointRead read) {
    return read.isWhole() ? 0 : Math.min(member.cut(), member.byteSize());
  }

  /** The page in which a member was cut, if it was in the middle of one that has not changed. */
  private void cut(MemberState member, PointRead read, PagesInMemory cuts) throws MemoryException {
    long cut = cut(member, read);
    MemoryRegion region = current().get(member.number());
    if (region != null
        && cut % PAGE_BYTES != 0
        && !read.wasShown(member.number(), cut / PAGE_BYTES)) {
      cuts.add(member.number(), cut / PAGE_BYTES, CopiedRegions.cutPage(region, cut));
    }
  }

  /** Gives zeros where the member was cut since, and for all that a base does not have. */
  private static void zeros(MemberState member, PointRead read, ChainReader.Visitor visitor)
      throws MemoryException {
    long from = (cut(member, read) + PAGE_BYTES - 1) / PAGE_BYTES;
    long end = (member.byteSize() + PAGE_BYTES - 1) / PAGE_BYTES;
    Replacement.zeros(
        "",
        member.number(),
        from,
        end,
        read::wasShown,
        (name, offset, content) -> visitor.pages(member.number(), offset / PAGE_BYTES, content));
  }

  private void settle(MemberState member) throws MemoryException {
    MemoryRegion region = current().get(member.number());
    if (region == null) {
      return;
    }
    boolean changed = false;
    if (region.byteSize() > member.byteSize()) {
      region.resize(member.byteSize());
      changed = true;
    }
    if (member.length() >= 0 && region.length() != member.length()) {
      region.setLength(member.length());
      changed = true;
    }
    if (changed) {
      CopiedRegions.settle(region);
    }
  }

  /** Closes copies of regions that the group does not have any more; they stay stored. */
  private void forget(List<MemberState> members) {
    List<Integer> numbers = members.stream().map(MemberState::number).toList();
    List<MemoryRegion> gone = new ArrayList<>();
    synchronized (this) {
      regions
          .entrySet()
          .removeIf(
              each -> {
                boolean isGone = !numbers.contains(each.getKey());
                if (isGone) {
                  gone.add(each.getValue());
                }
                return isGone;
              });
    }
    gone.forEach(MemoryRegion::close);
  }

  private void remember(long number) throws MemoryException {
    TreeMap<Integer, String> names = new TreeMap<>();
    current().forEach((member, region) -> names.put(member, String.valueOf(region.info().name())));
    write(record, new FollowRecord(request.backup(), number, names));
  }

  private synchronized Map<Integer, MemoryRegion> current() {
    return new TreeMap<>(regions);
  }

  @Override
  public UUID backup() {
    return request.backup();
  }

  @Override
  public List<MemoryRegion> regions() {
    return List.copyOf(current().values());
  }

  @Override
  public synchronized Status status() {
    return status;
  }

  private void closeRegions() {
    current().values().forEach(MemoryRegion::close);
  }

  @Override
  public void close() {
    pauses.end();
    Pauses.join(thread);
    closeRegions();
  }
}
