/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.spi.region.DeviceProof;
import org.dmalloc.spi.region.GatedRegion;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.store.Disposal;
import org.dmalloc.spi.store.OpenMode;
import org.dmalloc.spi.store.StoreFile;
import org.jspecify.annotations.Nullable;

/** One file, mapped for as long as its arena lives. */
final class FileChannelRegion extends GatedRegion implements StoredBacking {
  /** There {@link MemorySegment#isLoaded} is always false. */
  private static final boolean CANNOT_TELL =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("windows");

  private final Arena arena;
  private final StoreFile file;
  private final ConcurrentReads reads;

  /** Set when the file is to be deleted at the close. */
  private volatile @Nullable Disposal disposal;

  /** For reads from the device; null until one is needed. */
  private @Nullable FileChannel direct;

  FileChannelRegion(
      RegionLedger ledger,
      RegionTraits traits,
      MemorySegment segment,
      Arena arena,
      StoreFile file,
      ConcurrentReads reads) {
    super(ledger, traits, segment);
    this.arena = arena;
    this.file = file;
    this.reads = reads;
  }

  @Override
  protected void onCarried() {
    file.describeHolder(holder());
  }

  @Override
  protected void onCheckFile(String operation) throws MemoryException {
    file.checkLength(operation);
  }

  @Override
  protected void onForced() throws MemoryException {
    file.checkName("force");
  }

  @Override
  protected void onRewrite(MemorySegment segment, long offset, long length) throws MemoryException {
    boolean sparse = traits().reservation() == Reservation.SPARSE;
    ResidentPages.touch(segment, offset, length, file, sparse);
  }

  /** Where the device cannot be asked, the range stays suspect: success is no proof. */
  @Override
  protected void onProve(MemorySegment segment, long offset, long length) throws MemoryException {
    DeviceProof.Reader device = directReads();
    ResidentPages.eachResident(
        segment,
        offset,
        length,
        (run, count) -> DeviceProof.prove(segment, run, count, toString(), device));
  }

  private synchronized DeviceProof.Reader directReads() throws MemoryException {
    if (direct == null) {
      if (!file.isNamed()) {
        throw MemoryException.of(
            "force",
            toString(),
            "without a name its file cannot be read past the page cache",
            "copy its content to a region of panama before you close it");
      }
      direct = file.openDirect();
    }
    FileChannel channel = direct;
    return (at, into) -> file.readDirectly(channel, at, into.asByteBuffer());
  }

  @Override
  protected void onForce(MemorySegment segment, long offset, long length) throws MemoryException {
    file.force(segment, offset, length);
  }

  @Override
  protected void onLoad(MemorySegment segment, long offset, MemorySegment content)
      throws MemoryException {
    if (traits().sharing() == Sharing.PRIVATE) {
      super.onLoad(segment, offset, content);
    } else {
      file.write(offset, content);
    }
  }

  /** Returns when all is read: a fault on a page that is on its way would read its neighbours. */
  @Override
  protected void onPrefetch(MemorySegment segment, long[] offsets, long length)
      throws MemoryException {
    reads.read(file, offsets, length);
  }

  @Override
  protected Residency onResidency(MemorySegment segment, long offset, long length)
      throws MemoryException {
    file.checkLength("residency");
    long from = ResidentPages.floor(offset);
    long to = length == 0 ? from : ResidentPages.ceiling(offset + length);
    boolean told = !CANNOT_TELL && mayTell();
    return new Residency(
        to - from,
        told ? ResidentPages.count(segment, from, to) : Residency.UNKNOWN,
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

  @Override
  protected void onClose(MemorySegment segment) {
    if (arena.scope().isAlive()) {
      // Throws, and changes nothing, while a native call works on the raw segment.
      arena.close();
    }
    Disposal ends = disposal;
    if (ends != null) {
      ends.end(file);
      return;
    }
    try {
      file.close();
    } catch (MemoryException e) {
      // Unmapped and unlocked all the same: closing again completes.
      throw new UncheckedIOException(e);
    }
  }

  @Override
  protected Optional<String> onDetached() {
    return file.fate();
  }

  // --- moves between stores ---

  @Override
  public String fileKey() {
    return file.fileKey();
  }

  @Override
  public void leaving(StoreMove move) throws MemoryException {
    file.requireArrived();
    // By the descriptor that has the data: it may be told what the next force should be told.
    watchWriteBack(() -> file.leaving(move));
  }

  @Override
  public void publish() throws MemoryException {
    file.publish();
  }

  @Override
  public void endMove() throws MemoryException {
    watchWriteBack(file::endMove);
  }

  @Override
  public void discard() throws MemoryException {
    Disposal ends = new Disposal();
    disposal = ends;
    try {
      close();
    } finally {
      disposal = null;
    }
    ends.check();
  }

  // What the capabilities rule out: GatedRegion refuses these calls before they come here.

  @Override
  protected void onAdvise(MemorySegment segment, Advice advice, long offset, long length) {
    throw lacking(Capability.ADVICE);
  }

  @Override
  protected void onApply(MemorySegment segment, SwapPolicy policy) {
    throw lacking(Capability.SWAP_POLICY);
  }

  @Override
  protected MemorySegment onResize(MemorySegment segment, long newByteSize) {
    throw lacking(Capability.RESIZE);
  }

  private UnsupportedCapabilityException lacking(Capability capability) {
    return new UnsupportedCapabilityException(ledger().backend(), capability);
  }
}
