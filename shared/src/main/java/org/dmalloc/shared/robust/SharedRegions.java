/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.linux.Platform;
import org.dmalloc.shared.LockState;
import org.dmalloc.shared.MessageRing;
import org.dmalloc.shared.RobustLock;
import org.dmalloc.shared.RobustReadWriteLock;
import org.dmalloc.shared.SharedMemoryService;
import org.dmalloc.shared.robust.PageHeader.Kind;

/** Makes and opens what processes share. It has no state. */
public final class SharedRegions implements SharedMemoryService {
  private static final SecureRandom NONCES = new SecureRandom();

  /** For {@link java.util.ServiceLoader}, and the component runtime. */
  public SharedRegions() {}

  @Override
  public RobustLock createLock(MemoryRegion region, long offset) throws MemoryException {
    RegionMembers members = create(region, offset, Kind.LOCK);
    return new RegionLock(lock(region, offset, Kind.LOCK, members));
  }

  @Override
  public RobustLock openLock(MemoryRegion region, long offset) throws MemoryException {
    RegionMembers members = members("open", region, offset, SharedPage.BYTES);
    return new RegionLock(lock(region, offset, Kind.LOCK, members));
  }

  @Override
  public RobustReadWriteLock createReadWriteLock(MemoryRegion region, long offset)
      throws MemoryException {
    RegionMembers members = create(region, offset, Kind.READ_WRITE_LOCK);
    return new RegionReadWriteLock(lock(region, offset, Kind.READ_WRITE_LOCK, members));
  }

  @Override
  public RobustReadWriteLock openReadWriteLock(MemoryRegion region, long offset)
      throws MemoryException {
    RegionMembers members = members("open", region, offset, SharedPage.BYTES);
    return new RegionReadWriteLock(lock(region, offset, Kind.READ_WRITE_LOCK, members));
  }

  @Override
  public MessageRing createRing(MemoryRegion region, long offset, long capacity)
      throws MemoryException {
    if (capacity < SharedPage.BYTES || capacity % SharedPage.BYTES != 0) {
      throw new IllegalArgumentException(
          "create ring of " + capacity + " bytes; give a multiple of " + SharedPage.BYTES);
    }
    RegionMembers members = members("create", region, offset, MessageRing.byteSize(capacity));
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      long end = offset + MessageRing.byteSize(capacity);
      for (long at = offset; at < end; at += SharedPage.BYTES) {
        requireNone(memory, region, at);
      }
      // The first page last: who finds it finds a ring.
      write(memory, offset + RegionRing.POSITIONS, new PageHeader(Kind.RING, capacity, nonce()));
      write(memory, offset + RegionRing.CONSUMERS, ofRing(Kind.CONSUMERS, capacity));
      write(memory, offset, ofRing(Kind.PRODUCERS, capacity));
    } catch (InternalError e) {
      throw gone("create", region, offset, e);
    }
    return ring(region, offset, members);
  }

  private static PageHeader ofRing(Kind kind, long capacity) {
    return new PageHeader(kind, capacity, nonce());
  }

  @Override
  public MessageRing openRing(MemoryRegion region, long offset) throws MemoryException {
    RegionMembers members = members("open", region, offset, MessageRing.byteSize(0));
    return ring(region, offset, members);
  }

  private static MessageRing ring(MemoryRegion region, long offset, RegionMembers members)
      throws MemoryException {
    long positions = offset + RegionRing.POSITIONS;
    LockCore producers = lock(region, offset, Kind.PRODUCERS, members);
    LockCore consumers = lock(region, offset + RegionRing.CONSUMERS, Kind.CONSUMERS, members);
    PageHeader header = header("open", region, positions, Kind.RING);
    requireRoom("open", region, offset, MessageRing.byteSize(header.capacity()));
    return new RegionRing(
        producers, consumers, new SharedPage(region, positions, header), header.capacity());
  }

  @Override
  public void erase(MemoryRegion region, long offset) throws MemoryException {
    members("erase", region, offset, SharedPage.BYTES);
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      if (!PageHeader.isThere(SharedPage.longs(memory, offset))) {
        PageHeader.read("erase", SharedPage.longs(memory, offset), target(region, offset));
      }
      boolean ring = SharedPage.longs(memory, offset)[1] >>> 32 == Kind.PRODUCERS.number;
      long bytes =
          Math.min(ring ? MessageRing.byteSize(0) : SharedPage.BYTES, memory.byteSize() - offset);
      memory.asSlice(offset, bytes).fill((byte) 0);
    } catch (InternalError e) {
      throw gone("erase", region, offset, e);
    }
  }

  @Override
  public List<LockState> locks(MemoryRegion region, long offset, long length)
      throws MemoryException {
    RegionMembers members = members(region);
    List<LockState> locks = new ArrayList<>();
    try (Access access = region.acquire()) {
      MemorySegment memory = access.segment();
      long there = memory.byteSize();
      Objects.checkFromIndexSize(offset, length, there);
      long first = Math.ceilDiv(offset, SharedPage.BYTES) * SharedPage.BYTES;
      long last = Math.min(offset + length - 1, memory.byteSize() - SharedPage.BYTES);
      for (long at = first; at <= last; at += SharedPage.BYTES) {
        if (memory.get(JAVA_LONG, at) == PageHeader.MAGIC) {
          PageHeader header =
              PageHeader.read("list", SharedPage.longs(memory, at), target(region, at));
          if (header.kind().isLock()) {
            SharedPage page = new SharedPage(region, at, header);
            page.require(memory);
            locks.add(LockCore.state(memory, page, header, members));
          }
        }
      }
    } catch (InternalError e) {
      throw gone("list locks", region, offset, e);
    }
    return locks;
  }

  // --- pages ---

  private static RegionMembers create(MemoryRegion region, long offset, Kind kind)
      throws MemoryException {
    RegionMembers members = members("create", region, offset, SharedPage.BYTES);
    try (Access access = region.acquire()) {
      requireNone(access.segment(), region, offset);
      write(access.segment(), offset, new PageHeader(kind, 0, nonce()));
      return members;
    } catch (InternalError e) {
      throw gone("create", region, offset, e);
    }
  }

  private static long nonce() {
    return NONCES.nextLong();
  }

  private static void requireNone(MemorySegment memory, MemoryRegion region, long offset) {
    if (PageHeader.isThere(SharedPage.longs(memory, offset))) {
      throw new IllegalStateException(
          "create at "
              + target(region, offset)
              + ": there is a lock or ring; open that, or erase it");
    }
  }

  /** Makes a page: all of it zero but for the header, which comes last. */
  private static void write(MemorySegment memory, long offset, PageHeader header) {
    memory.asSlice(offset, SharedPage.BYTES).fill((byte) 0);
    long[] longs = header.longs();
    MemorySegment.copy(longs, 0, memory, JAVA_LONG, offset + SharedPage.SEAL, longs.length);
    MemorySegment.copy(longs, 1, memory, JAVA_LONG, offset + Long.BYTES, longs.length - 1);
    JAVA_LONG.varHandle().setVolatile(memory, offset, longs[0]);
  }

  private static LockCore lock(MemoryRegion region, long offset, Kind kind, RegionMembers members)
      throws MemoryException {
    return new LockCore(region, offset, header("open", region, offset, kind), members);
  }

  private static PageHeader header(String operation, MemoryRegion region, long offset, Kind kind)
      throws MemoryException {
    try (Access access = region.acquire()) {
      PageHeader header =
          PageHeader.read(
              operation, SharedPage.longs(access.segment(), offset), target(region, offset));
      if (header.kind() != kind) {
        throw MemoryException.of(
            operation,
            target(region, offset),
            "there is " + header.kind().words + ", not " + kind.words,
            "open it as what it is");
      }
      return header;
    } catch (InternalError e) {
      throw gone(operation, region, offset, e);
    }
  }

  // --- what is asked of a region ---

  private static RegionMembers members(
      String operation, MemoryRegion region, long offset, long byteSize) {
    if (region.info().access() == AccessMode.READ_ONLY) {
      throw new IllegalStateException(
          operation + " at " + target(region, offset) + ": it is read-only; open it for writing");
    }
    RegionMembers members = members(region);
    requireRoom(operation, region, offset, byteSize);
    Platform.require();
    return members;
  }

  private static void requireRoom(
      String operation, MemoryRegion region, long offset, long byteSize) {
    long size = region.byteSize();
    if (offset < 0 || offset % SharedPage.BYTES != 0 || offset > size - byteSize) {
      throw new IllegalArgumentException(
          operation
              + " at "
              + target(region, offset)
              + ": it takes "
              + byteSize
              + " bytes of the "
              + size
              + " there, at a multiple of "
              + SharedPage.BYTES);
    }
  }

  private static RegionMembers members(MemoryRegion region) {
    return region
        .members()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    region
                        + " is not process-shared; allocate or open it withProcessShared(true)"));
  }

  private static MemoryException gone(
      String operation, MemoryRegion region, long offset, InternalError cause) {
    return MemoryException.of(
        operation,
        -1,
        target(region, offset),
        "a page could not be read or written: a file that was cut short, or a full disk",
        MemoryException.NO_ERRNO,
        "look at the disk's space and who has the file",
        cause);
  }

  private static String target(MemoryRegion region, long offset) {
    return region + " at " + offset;
  }
}
