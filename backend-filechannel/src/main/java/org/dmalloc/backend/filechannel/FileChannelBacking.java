/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.region.AddressRange;
import org.dmalloc.spi.region.DeviceProof;
import org.dmalloc.spi.region.MovableFile;
import org.dmalloc.spi.region.RegionBacking;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.store.OpenMode;
import org.dmalloc.spi.store.SpaceReserver;
import org.dmalloc.spi.store.StoreFile;
import org.jspecify.annotations.Nullable;

/** One file, mapped for as long as its arena lives. */
final class FileChannelBacking implements RegionBacking {
  /** There {@link MemorySegment#isLoaded} is always false. */
  private static final boolean CANNOT_TELL =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("windows");

  private final RegionTraits traits;
  private volatile AddressRange range;
  private volatile MemorySegment segment;
  private volatile StoreFile file;
  private final ConcurrentReads reads;

  /** What messages call the region. */
  private volatile Object region = "";

  /** For reads from the device; null until one is needed. */
  private DeviceProof.@Nullable Reader direct;

  FileChannelBacking(
      RegionTraits traits, AddressRange range, StoreFile file, ConcurrentReads reads) {
    this.traits = traits;
    this.range = range;
    MemorySegment room = range.segment();
    this.segment = room.byteSize() == file.byteSize() ? room : room.asSlice(0, file.byteSize());
    this.file = file;
    this.reads = reads;
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public String mapping() {
    return "FileChannel.map " + mapMode(traits);
  }

  static MapMode mapMode(RegionTraits traits) {
    if (traits.access() == AccessMode.READ_ONLY) {
      return MapMode.READ_ONLY;
    }
    return traits.sharing() == Sharing.PRIVATE ? MapMode.PRIVATE : MapMode.READ_WRITE;
  }

  @Override
  public void named(Object newRegion, String holder) {
    region = newRegion;
    file.describeHolder(holder);
  }

  @Override
  public Optional<RegionMembers> members() {
    return file.members();
  }

  @Override
  public void requireWhole(String operation) throws MemoryException {
    file.requireWhole(operation);
  }

  @Override
  public void checkFile(String operation) throws MemoryException {
    file.checkLength(operation);
  }

  @Override
  public long backedBytes() throws MemoryException {
    return file.backedBytes();
  }

  @Override
  public void forced() throws MemoryException {
    file.forceEntry();
    file.checkName("force");
  }

  @Override
  public void rewrite(long offset, long length) throws MemoryException {
    boolean sparse = traits.reservation() == Reservation.SPARSE || hasHoles();
    ResidentPages.touch(segment(), offset, length, file, sparse);
  }

  /** Where the device cannot be asked, the range stays suspect: success is no proof. */
  @Override
  public void prove(long offset, long length) throws MemoryException {
    DeviceProof.Reader device = directReads();
    ResidentPages.eachResident(
        segment(),
        offset,
        length,
        (run, count) -> DeviceProof.prove(segment(), run, count, region.toString(), device));
  }

  private synchronized DeviceProof.Reader directReads() throws MemoryException {
    if (direct == null) {
      if (!file.isNamed()) {
        throw MemoryException.of(
            "force",
            region.toString(),
            "without a name its file cannot be read past the page cache",
            "copy its content to a region of panama before you close it");
      }
      direct = file.data().openDirect();
    }
    return direct;
  }

  /** The header has the same descriptor, so its failure may be told to the content's force. */
  @Override
  public void force(long offset, long length) throws MemoryException {
    try {
      file.data().force(segment(), offset, length);
    } catch (MemoryException e) {
      file.writeBackFailed(e);
      throw e;
    }
    file.forceHeader();
  }

  @Override
  public void forceHeader() throws MemoryException {
    file.forceHeader();
  }

  @Override
  public long ownLength() {
    return file.ownLength();
  }

  @Override
  public void keepLength(long length) {
    file.keepLength(length);
  }

  @Override
  public void load(long offset, MemorySegment content) throws MemoryException {
    if (traits.sharing() == Sharing.PRIVATE) {
      RegionBacking.super.load(offset, content);
    } else {
      file.data().write(offset, content);
    }
  }

  /** Returns when all is read: a fault on a page that is on its way would read its neighbours. */
  @Override
  public void prefetch(long[] offsets, long length) throws MemoryException {
    reads.read(file, offsets, length);
  }

  @Override
  public Residency residency(long offset, long length) throws MemoryException {
    file.checkLength("residency");
    long from = ResidentPages.floor(offset);
    long to = length == 0 ? from : ResidentPages.ceiling(offset + length);
    boolean told = !CANNOT_TELL && mayTell();
    return new Residency(
        to - from,
        told ? ResidentPages.count(segment(), from, to) : Residency.UNKNOWN,
        Residency.UNKNOWN,
        Residency.UNKNOWN,
        Residency.UNKNOWN,
        Residency.UNKNOWN,
        0,
        told ? "MemorySegment.isLoaded" : "none");
  }

  /** Linux says "resident" about every page of a file that the caller may not write. */
  private boolean mayTell() {
    return file.mode() != OpenMode.READER || Files.isWritable(file.path());
  }

  /** Of a file that a backend which punches has had open. */
  @Override
  public boolean hasHoles() {
    return file.hasHoles();
  }

  @Override
  public void rename(String newName, Renamed renamed) throws MemoryException {
    file.rename(newName, traits.nameDurability(), renamed);
  }

  @Override
  public void checkResize() throws MemoryException {
    file.checkSync();
  }

  @Override
  public void grow(long newByteSize, ProgressListener progress) throws MemoryException {
    long oldByteSize = segment.byteSize();
    resizeFile(newByteSize, progress);
    if (traits.sharing() == Sharing.PRIVATE) {
      // Its own copy of the last page has what a larger size left there.
      long page = Math.max(ResidentPages.PAGE, ResidentPages.ceiling(oldByteSize));
      long end = Math.min(newByteSize, page);
      range.segment().asSlice(oldByteSize, end - oldByteSize).fill((byte) 0);
      BusErrors.deliver();
    }
    segment = range.segment().asSlice(0, newByteSize);
  }

  /**
   * Maps the file once more before the first mapping ends, so that nothing can fail between.
   * Private content is copied, and is there twice for the moment.
   */
  @Override
  public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    if (file.isShared()) {
      moveOut(newByteSize, progress);
      return;
    }
    long oldByteSize = segment.byteSize();
    boolean grows = newByteSize > oldByteSize;
    if (grows) {
      resizeFile(newByteSize, progress);
    }
    long larger = Math.max(oldByteSize, newByteSize);
    Arena arena = Arena.ofShared();
    try {
      MemorySegment mapped =
          file.data().map(mapMode(traits), arena, Math.max(larger, traits.maximum()));
      if (traits.sharing() == Sharing.PRIVATE) {
        ResidentPages.copyChanged(segment, mapped, region.toString(), progress);
      }
      range.close();
      range = AddressRange.ofArena(arena, mapped);
      segment = mapped.asSlice(0, larger);
    } catch (MemoryException | RuntimeException | Error e) {
      arena.close();
      if (grows) {
        try {
          file.undoGrowth(oldByteSize);
        } catch (MemoryException f) {
          e.addSuppressed(f);
        }
      }
      throw e;
    }
    if (!grows) {
      resizeFile(newByteSize, progress);
      segment = range.segment().asSlice(0, newByteSize);
    }
  }

  @Override
  public void trim() throws MemoryException {
    file.trim();
  }

  /** Moves a small region, which is to have another size, to a file of its own. */
  private void moveOut(long newByteSize, ProgressListener progress) throws MemoryException {
    StoreFile old = file;
    StoreFile own = old.store().createUnnamed(newByteSize, SpaceReserver.moreZeros(progress));
    Arena arena = Arena.ofShared();
    try {
      MemorySegment mapped = own.data().map(mapMode(traits), arena);
      long kept = Math.min(segment.byteSize(), newByteSize);
      MemorySegment.copy(segment, 0, mapped, 0, kept);
      BusErrors.deliver();
      range.close(); // the last step: it throws while a native call uses the old segment
      range = AddressRange.ofArena(arena, mapped);
      segment = mapped;
      file = own;
    } catch (MemoryException | RuntimeException | Error e) {
      arena.close();
      try {
        own.discard();
      } catch (MemoryException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
    old.close();
  }

  private void resizeFile(long newByteSize, ProgressListener progress) throws MemoryException {
    // What a private mapping stores never reaches its file.
    boolean fills =
        traits.reservation() == Reservation.RESERVED && traits.sharing() == Sharing.SHARED;
    file.resize(newByteSize, fills ? SpaceReserver.moreZeros(progress) : SpaceReserver.SPARSE);
  }

  @Override
  public Optional<MovableFile> file() {
    return file.isNamed() ? Optional.of(file) : Optional.empty();
  }

  @Override
  public Optional<String> detached() {
    return file.fate();
  }

  /** Private pages have never been in the file. */
  @Override
  public void wipe(long offset, long length) throws MemoryException {
    if (traits.sharing() == Sharing.SHARED && file.mode() == OpenMode.WRITER) {
      file.wipe(offset, length);
    }
  }

  @Override
  public void unmap() {
    range.close();
  }

  @Override
  public void close() throws MemoryException {
    file.close();
  }

  @Override
  public void delete() throws MemoryException {
    file.discard();
  }
}
