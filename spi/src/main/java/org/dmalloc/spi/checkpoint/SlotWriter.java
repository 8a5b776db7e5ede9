/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.Journal.State;
import org.dmalloc.spi.checkpoint.SlotFormat.Attempt;
import org.dmalloc.spi.checkpoint.SlotFormat.Head;
import org.dmalloc.spi.checkpoint.SlotFormat.Index;
import org.dmalloc.spi.checkpoint.SlotFormat.Run;
import org.dmalloc.spi.checkpoint.SlotFormat.Seal;

/**
 * Writes a checkpoint into its slot, batch by batch. What it is given it copies first: the pages
 * may change meanwhile, and checksum and content must be those of one moment.
 */
final class SlotWriter implements Journal.Writer {
  private static final int PAGE = PageFormat.PAGE;

  /** The content of one write, beside its index page. */
  private static final int BATCH_PAGES = 512;

  private static final MemorySegment ZERO_PAGE =
      MemorySegment.ofBuffer(ByteBuffer.allocateDirect(PAGE)).asReadOnly();

  /** As much is written at once to take space. */
  private static final int ZEROS = 1 << 20;

  private static final SecureRandom NONCES = new SecureRandom();

  /** What becomes of it. */
  interface Owner {
    void sealed(Seal seal);

    /** Nothing that was written counts; the seal may have been. */
    void abandoned(SlotWriter writer, boolean sealMayBeThere);

    /** Throws unless that is a member. */
    void checkMember(int member);
  }

  /** The memory of one batch, which a journal keeps for the next checkpoint. */
  static final class Batch {
    private final ByteBuffer bytes =
        ByteBuffer.allocateDirect((1 + BATCH_PAGES) * PAGE).order(ByteOrder.LITTLE_ENDIAN);
    private final MemorySegment segment = MemorySegment.ofBuffer(bytes);
  }

  private final Owner owner;
  private final JournalDisk disk;
  private final Path path;
  private final Attempt attempt;
  private final Batch batch;
  private final ByteBuffer head;

  /** Where the next batch goes. */
  private long position;

  /** How far the slot has space. */
  private long reserved;

  private int sequence;
  private final CRC32C digest = new CRC32C();

  private int entries;

  /** Where the content of the batch ends. */
  private int end;

  // The run that is being made; no pages if there is none.
  private int member;
  private long firstPage;
  private int pages;
  private boolean zero;

  private boolean begun;
  private boolean done;

  SlotWriter(Owner owner, JournalDisk disk, Path path, UUID journal, long number, Batch batch)
      throws IOException {
    this.owner = owner;
    this.disk = disk;
    this.path = path;
    this.attempt = new Attempt(NONCES.nextLong(), number);
    this.batch = batch;
    this.reserved = disk.length();
    this.head = new Head(journal, attempt, now()).encode();
    digest(head.getInt(PageFormat.CHECKSUM_AT));
    beginBatch();
  }

  private static Instant now() {
    return Instant.ofEpochMilli(System.currentTimeMillis());
  }

  private void digest(int checksum) {
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      digest.update(checksum >>> shift);
    }
  }

  private void beginBatch() {
    Index.begin(batch.bytes);
    entries = 0;
    end = PAGE;
    pages = 0;
  }

  @Override
  public void reserve(long bytes) throws MemoryException {
    checkOpen();
    if (bytes < 0) {
      throw new IllegalArgumentException("reserve " + bytes + " bytes; give at least 0");
    }
    long content = PageFormat.wholePages(bytes) / PAGE;
    // At worst no two pages are neighbours; what is in the batch has its index page already.
    long indexes = content / Index.MOST_ENTRIES + content / BATCH_PAGES + 2;
    long needed = Math.max(position, PAGE) + end + (content + indexes) * PAGE;
    JournalErrors.run("reserve", bytes, path, () -> takeSpace(needed));
  }

  /** Writes zeros where the file ends; what it has already is overwritten in place. */
  private void takeSpace(long needed) throws IOException {
    if (needed <= reserved) {
      return;
    }
    ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(ZEROS, needed - reserved));
    while (reserved < needed) {
      int step = (int) Math.min(zeros.capacity(), needed - reserved);
      disk.write(reserved, zeros.clear().limit(step));
      reserved += step;
    }
  }

  @Override
  public void write(int member, long offset, MemorySegment content) throws MemoryException {
    checkOpen();
    owner.checkMember(member);
    long byteSize = content.byteSize();
    if (offset < 0 || offset % PAGE != 0 || byteSize % PAGE != 0) {
      throw new IllegalArgumentException(
          "pages at " + offset + ", " + byteSize + " bytes; give multiples of " + PAGE);
    }
    try {
      for (long at = 0; at < byteSize; at += PAGE) {
        add(member, (offset + at) / PAGE, content, at);
      }
      BusErrors.deliver(); // before what was not copied counts
    } catch (IOException e) {
      abandon(false);
      throw JournalErrors.of("checkpoint", byteSize, path, e);
    }
  }

  private void add(int ofMember, long page, MemorySegment content, long at) throws IOException {
    if (end == batch.bytes.capacity() || entries == Index.MOST_ENTRIES) {
      flush();
    }
    MemorySegment.copy(content, at, batch.segment, end, PAGE);
    boolean isZero = MemorySegment.mismatch(batch.segment, end, end + PAGE, ZERO_PAGE, 0, PAGE) < 0;
    boolean continues =
        pages > 0
            && ofMember == member
            && page == firstPage + pages
            && isZero == zero
            && (zero ? pages < Integer.MAX_VALUE : pages < Index.MOST_CONTENT_PAGES);
    if (!continues) {
      endRun();
      if (entries == Index.MOST_ENTRIES) {
        flush();
        add(ofMember, page, content, at); // copied once more, to where the next batch has it
        return;
      }
      member = ofMember;
      firstPage = page;
      zero = isZero;
    }
    pages++;
    if (!isZero) {
      end += PAGE;
    }
  }

  private void endRun() {
    if (pages > 0) {
      int bytes = zero ? 0 : pages * PAGE;
      int checksum = PageFormat.checksum(batch.bytes.slice(end - bytes, bytes));
      Index.entry(batch.bytes, entries, new Run(member, firstPage, pages, zero, checksum));
      entries++;
      pages = 0;
    }
  }

  private void flush() throws IOException {
    endRun();
    if (entries > 0) {
      digest(Index.finish(batch.bytes, attempt, sequence, entries));
      sequence++;
      begin();
      disk.write(position, batch.bytes.slice(0, end));
      position += end;
      reserved = Math.max(reserved, position);
    }
    beginBatch();
  }

  /** Writes the first page, from which on the slot is not that of an earlier checkpoint. */
  private void begin() throws IOException {
    if (!begun) {
      disk.write(0, head);
      begun = true;
      position = PAGE;
    }
  }

  @Override
  public void seal(List<State> members) throws MemoryException {
    checkOpen();
    members.forEach(state -> checkState(state));
    boolean sealing = false;
    boolean sealed = false;
    try {
      flush();
      begin();
      Seal seal =
          new Seal(
              attempt, sequence, position, (int) digest.getValue(), now(), List.copyOf(members));
      ByteBuffer pages = ByteBuffer.allocateDirect(Seal.parts(members.size()) * PAGE);
      seal.encode(pages);
      sealing = true;
      disk.write(position, pages.flip());
      disk.sync();
      position += pages.limit();
      done = true;
      sealed = true;
      owner.sealed(seal);
    } catch (IOException e) {
      throw JournalErrors.of("checkpoint", writtenBytes(), path, e);
    } finally {
      if (!sealed) {
        abandon(sealing);
      }
    }
  }

  private void checkState(State state) {
    owner.checkMember(state.member());
    if (state.byteSize() < 0 || state.length() < -1 || state.length() > state.byteSize()) {
      throw new IllegalArgumentException(state + "; give a size, and a length within it or -1");
    }
  }

  private void abandon(boolean sealMayBeThere) {
    done = true;
    owner.abandoned(this, sealMayBeThere);
  }

  long number() {
    return attempt.number();
  }

  @Override
  public long writtenBytes() {
    return position + (end > PAGE || entries > 0 || pages > 0 ? end : 0);
  }

  private void checkOpen() {
    if (done) {
      throw new IllegalStateException("checkpoint " + number() + " is sealed or was abandoned");
    }
  }

  @Override
  public void close() {
    if (!done) {
      abandon(false);
    }
  }
}
