/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.DirtyTracking;

/**
 * Copies the memory of a region beside its users, as live migration of virtual machines does
 * (pre-copy): the whole once, then again and again what was written meanwhile, until that is little
 * or gets no less; then with the gate shut the rest.
 *
 * <p>One thread calls it: {@link #track}, {@link #copyAll}, {@link #passUntilSmall} and {@link
 * #settle} beside the users, {@link #copyLast} with the gate shut, and {@link #close}.
 *
 * <p>A page with nothing behind it, of either memory, is an {@link InternalError} of the call that
 * copies it.
 */
public final class PreCopy implements AutoCloseable {
  private static final Logger LOG = System.getLogger(PreCopy.class.getName());

  private static final long CHUNK_BYTES = 1 << 20;

  /**
   * Given to the target at once, which may bring it in by one call: four times as fast as a fault
   * for each page, and little enough that no user waits long for the kernel's lock.
   */
  private static final long PIECE_BYTES = 8 * CHUNK_BYTES;

  private static final long PAGE_BYTES = 4096;

  /** A last delta of this size takes well under a millisecond. */
  private static final long SMALL_DELTA_BYTES = 256 << 10;

  /** A pass must leave less than this share of the one before, or passing on gains nothing. */
  private static final double SHRINKS = 0.75;

  private static final int MAX_PASSES = 30;

  /**
   * A pass that takes longer and copies less than this is held up: the kernel slows down stores to
   * a file of which more is changed, and not written yet, than it likes.
   */
  private static final long HELD_UP_NANOS = 5_000_000;

  private static final long HELD_UP_BYTES_PER_SECOND = 100_000_000;

  /** A last pass that took longer to copy says how long users would wait. */
  private static final long LONG_NANOS = 20_000_000;

  /** Each writes all that is changed; what still holds stores up then is not this copy. */
  private static final int MAX_SETTLES = 3;

  /** What is copied. It may grow in place, and is valid until the copy is closed. */
  public interface Source {
    /** The memory as it is now. */
    MemorySegment memory();

    /** Starts to note what is written; throws where that cannot be, and all is compared then. */
    DirtyTracking track() throws MemoryException;

    /** Called now and then, so that its backend sees that it is being read. */
    default void used() {}
  }

  /** Fresh memory that it is copied to. */
  public interface Target {
    MemorySegment memory();

    /** Whether all of it must be loaded, zeros too: only then it has its disk space. */
    boolean unfilled();

    /** Stores a part of the first copy. */
    void load(long offset, MemorySegment content) throws MemoryException;

    /** Stores what was written since. */
    void store(long offset, MemorySegment content) throws MemoryException;

    /** Grows with the source. */
    void grow(long byteSize) throws MemoryException;

    /** Whether what is stored here has to be written to a file some time. */
    boolean isWritten();

    void force() throws MemoryException;
  }

  /** Whoever follows the copy. */
  public interface Guide {
    /** Throws if the copy is to be given up. */
    void goOn() throws MemoryException;

    /** The first copy has come to that offset. */
    default void copied(long offset) throws MemoryException {}

    /** A further pass is done. */
    default void passed() throws MemoryException {}
  }

  /** Nobody. */
  static final Guide UNATTENDED = () -> {};

  private final Source source;
  private final Target target;
  private final Guide guide;
  private final RateLimit rate;

  /** The source's memory at the begin. It may grow in place; {@link ChangesDuringCopy} follows. */
  private final MemorySegment from;

  private ChangesDuringCopy changes;
  private final MappedBytes bytes = new MappedBytes();

  /** Where runs of pages with content begin and end, in a piece. */
  private final long[] runs = new long[(int) (PIECE_BYTES / PAGE_BYTES) + 1];

  private long copiedBytes;

  /** What copying took in the last pass, without finding what to copy. */
  private long copyNanos;

  private boolean heldUp;
  private int passes;

  /**
   * A copy to memory of the same size.
   *
   * @param from the source's memory as it was when the target was made
   * @param bytesPerSecond the most beside the users; {@link Long#MAX_VALUE} for no limit
   */
  public PreCopy(
      Source source, MemorySegment from, Target target, Guide guide, long bytesPerSecond) {
    this.source = source;
    this.from = from;
    this.target = target;
    this.guide = guide;
    this.rate = new RateLimit(bytesPerSecond);
    this.changes =
        new ChangesDuringCopy(
            source, from, target, new PageComparison(from, target.memory(), guide::goOn));
  }

  /** Has writes noted from now on, where the source can; else they are found by comparison. */
  public void track() {
    try {
      changes = new ChangesDuringCopy(source, from, target, source.track());
    } catch (MemoryException | UnsupportedOperationException e) {
      // The result says by its method that this was so.
      LOG.log(Level.DEBUG, "copy of {0} by comparison: {1}", source, e.getMessage());
    }
  }

  /** What finds the writes, in words. */
  public String method() {
    return changes.method();
  }

  /** Whether they are found by comparison. */
  boolean compares() {
    return changes.compares();
  }

  /** Bytes copied so far, those copied again included. */
  public long copiedBytes() {
    return copiedBytes;
  }

  /** How often the source was gone through. */
  public int passes() {
    return passes;
  }

  /** Copies the whole once. */
  public void copyAll() throws MemoryException {
    passes++;
    long size = from.byteSize();
    long step = rate.limited() ? CHUNK_BYTES : PIECE_BYTES;
    for (long offset = 0; offset < size; ) {
      long length = Math.min(step, size - offset);
      source.used();
      int count = target.unfilled() ? all(offset, length) : findRuns(offset, length);
      long before = copiedBytes;
      for (int run = 0; run < count; run += 2) {
        long runLength = runs[run + 1] - runs[run];
        target.load(runs[run], from.asSlice(runs[run], runLength));
        copiedBytes += runLength;
      }
      BusErrors.deliver();
      offset += length;
      guide.copied(offset);
      rate.spend(copiedBytes - before, guide::goOn);
    }
  }

  /** A target whose space is taken by what is written to it gets the zeros too. */
  private int all(long offset, long length) {
    runs[0] = offset;
    runs[1] = offset + length;
    return 2;
  }

  /**
   * Finds the runs of pages of a piece that have content; a fresh target has the zeros already.
   *
   * @return how many entries of {@link #runs} are set: the start and the end of each run
   */
  private int findRuns(long offset, long length) {
    long end = offset + length;
    int count = 0;
    for (long page = offset; page < end; page += PAGE_BYTES) {
      boolean whole = page + PAGE_BYTES <= end;
      if (whole && isZero(page)) {
        continue;
      }
      long pageEnd = whole ? page + PAGE_BYTES : end;
      if (count > 0 && runs[count - 1] == page) {
        runs[count - 1] = pageEnd;
      } else {
        runs[count++] = page;
        runs[count++] = pageEnd;
      }
    }
    return count;
  }

  private boolean isZero(long page) {
    return from.get(JAVA_LONG_UNALIGNED, page) == 0 && bytes.isZero(from, page, page + PAGE_BYTES);
  }

  /**
   * Copies what was written meanwhile until a pass finds little, or no less than the one before, or
   * is held up.
   */
  public void passUntilSmall() throws MemoryException {
    double before = Double.MAX_VALUE;
    while (passes < MAX_PASSES) {
      long already = copiedBytes;
      passes++;
      copyNanos = 0;
      changes.collect(this::copyInChunks);
      guide.passed();
      long delta = copiedBytes - already;
      heldUp = copyNanos > HELD_UP_NANOS && delta * 1e9 / copyNanos < HELD_UP_BYTES_PER_SECOND;
      if (delta <= SMALL_DELTA_BYTES || delta > before * SHRINKS || heldUp) {
        return;
      }
      before = delta;
    }
  }

  /**
   * Has the target's changed pages written for as long as stores to it are held up: what the copier
   * waits for here, users would wait for with the gate shut.
   */
  public void settle() throws MemoryException {
    boolean writes = target.isWritten();
    // Passes that compare everything take long, and find the more the longer they take.
    int most = changes.compares() ? 1 : MAX_SETTLES;
    for (int i = 0; i < most && writes && (heldUp || copyNanos > LONG_NANOS); i++) {
      guide.goOn();
      target.force();
      passUntilSmall();
    }
  }

  private void copyInChunks(long offset, long length) throws MemoryException {
    for (long done = 0; done < length; done += CHUNK_BYTES) {
      long chunk = Math.min(CHUNK_BYTES, length - done);
      copy(offset + done, chunk);
      rate.spend(chunk, guide::goOn);
    }
  }

  /** Copies the rest. Called with the gate shut. */
  public void copyLast() throws MemoryException {
    passes++;
    changes.collectLast(this::copy);
  }

  private void copy(long offset, long length) throws MemoryException {
    if (length > 0) {
      long start = System.nanoTime();
      target.store(offset, changes.from().asSlice(offset, length));
      BusErrors.deliver();
      copyNanos += System.nanoTime() - start;
      copiedBytes += length;
    }
  }

  /** Ends the tracking. */
  @Override
  public void close() {
    try {
      changes.close();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "end of dirty tracking of " + source, e);
    }
  }
}
