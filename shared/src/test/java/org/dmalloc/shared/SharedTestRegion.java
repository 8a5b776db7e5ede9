/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.sharing.MemberLocks;
import org.jspecify.annotations.Nullable;

/**
 * A shared region that has what locks use of one, and nothing else: a file that any number of
 * processes map, or memory of this one that several members share.
 */
final class SharedTestRegion implements MemoryRegion {
  private static final AtomicLong IDS = new AtomicLong();
  private static final long CLOSE_NANOS = Duration.ofSeconds(60).toNanos();

  private final long id = IDS.incrementAndGet();
  private final SectionGate gate = new SectionGate();
  private final MemorySegment segment;
  private final @Nullable Arena arena;
  private final @Nullable RegionMembers members;
  private final @Nullable FileChannel memberFile;
  private final AccessMode access;
  private volatile boolean closed;

  private SharedTestRegion(
      MemorySegment segment,
      @Nullable Arena arena,
      @Nullable RegionMembers members,
      @Nullable FileChannel memberFile,
      AccessMode access) {
    this.segment = segment;
    this.arena = arena;
    this.members = members;
    this.memberFile = memberFile;
    this.access = access;
  }

  /** The file of that size in a directory, which is made if it is not there, as a new member. */
  static SharedTestRegion ofFile(Path directory, long byteSize) throws IOException {
    Path file = file(directory);
    FileChannel memberFile =
        FileChannel.open(
            directory.resolve("members"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    Arena arena = Arena.ofShared();
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment segment = channel.map(FileChannel.MapMode.READ_WRITE, 0, byteSize, arena);
      RegionMembers members =
          MemberLocks.join(memberFile, directory.resolve("members")).orElseThrow();
      return new SharedTestRegion(segment, arena, members, memberFile, AccessMode.READ_WRITE);
    }
  }

  static Path file(Path directory) {
    return directory.resolve("region");
  }

  /** Memory of this process, as a member sees it; nobody's if there is none. */
  static SharedTestRegion of(MemorySegment segment, @Nullable RegionMembers members) {
    return new SharedTestRegion(segment, null, members, null, AccessMode.READ_WRITE);
  }

  static SharedTestRegion readOnly(MemorySegment segment, RegionMembers members) {
    return new SharedTestRegion(segment.asReadOnly(), null, members, null, AccessMode.READ_ONLY);
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public long byteSize() {
    return segment.byteSize();
  }

  @Override
  public Optional<RegionMembers> members() {
    return Optional.ofNullable(members);
  }

  @Override
  public RegionInfo info() {
    return new RegionInfo(
        id,
        null,
        "test",
        byteSize(),
        byteSize(),
        !closed,
        RegionOptions.DEFAULT.withAccess(access).withProcessShared(members != null),
        null,
        "",
        "",
        Instant.EPOCH,
        gate.openSections(),
        false,
        null,
        Set.of());
  }

  @Override
  public Access acquire() {
    return gate.section(gate.enter(), segment);
  }

  @Override
  public Access acquire(long offset, long length) {
    return gate.section(gate.enter(), segment.asSlice(offset, length));
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    gate.shutToEnd(CLOSE_NANOS);
    gate.endSections();
    if (arena != null) {
      arena.close();
    }
    closed = true;
    gate.end();
    if (memberFile != null) {
      try {
        memberFile.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static UnsupportedOperationException notHere() {
    return new UnsupportedOperationException("no lock needs it");
  }

  @Override
  public MemorySegment segment() {
    throw notHere();
  }

  @Override
  public void force(long offset, long length) {
    throw notHere();
  }

  @Override
  public void advise(Advice advice, long offset, long length) {
    throw notHere();
  }

  @Override
  public void prefetch(long[] offsets, long length) {
    throw notHere();
  }

  @Override
  public void release(long offset, long length) {
    throw notHere();
  }

  @Override
  public void limitResident(long byteSize) {
    throw notHere();
  }

  @Override
  public Residency residency(long offset, long length) {
    throw notHere();
  }

  @Override
  public void apply(SwapPolicy policy) {
    throw notHere();
  }

  @Override
  public void resize(long newByteSize, ProgressListener progress) {
    throw notHere();
  }

  @Override
  public long ensure(long byteSize, ProgressListener progress) {
    throw notHere();
  }

  @Override
  public long length() {
    return byteSize();
  }

  @Override
  public void setLength(long length) {
    throw notHere();
  }

  @Override
  public void punch(long offset, long length, Punch space) {
    throw notHere();
  }

  @Override
  public void reserve(long offset, long length) {
    throw notHere();
  }

  @Override
  public void protect(long offset, long length, AccessMode mode) {
    throw notHere();
  }

  @Override
  public void rename(String newName) {
    throw notHere();
  }

  @Override
  public String toString() {
    return "region " + id;
  }
}
