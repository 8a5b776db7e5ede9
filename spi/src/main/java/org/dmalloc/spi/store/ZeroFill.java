/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileStore;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.LongOperation;

/**
 * Reserves space by writing zeros, the only way that pure Java has. The file may be shorter before.
 *
 * @param grows whether a region grows by it, which runs to its end if nobody follows
 */
record ZeroFill(ProgressListener progress, boolean grows) implements SpaceReserver {
  /** For files in memory: what they take cannot be had twice. */
  private static final Machine MEMORY = Machine.unconditional(KernelFiles.ofThisMachine());

  /** One write. */
  private static final int CHUNK = ChannelDisk.MOST_ZEROS;

  private static final long REPORT_EVERY = 16L << 20;

  /**
   * How much a named file may have unwritten: the end of its creation waits for the device, and
   * waiting in steps keeps progress honest and an interrupt effective.
   */
  private static final long SYNC_EVERY = 64L << 20;

  @Override
  public void reserve(StoreFile file, long position, long length) throws IOException {
    FileStore below = file.store().fileStore();
    long freeBefore = below.getUsableSpace();
    refuseHopeless(below, file, length, grows);
    String outcome =
        grows ? LongOperation.outcomeOfGrowth(progress) : LongOperation.NOTHING_CREATED;
    LongOperation operation =
        new LongOperation("reserve", file.target().toString(), length, progress, outcome);
    // A virtual thread would keep its carrier, and an interrupt closes the channel.
    boolean here =
        !grows && !file.isNamed() && !file.isShared() && !Thread.currentThread().isVirtual();
    operation.report(0);
    for (long done = 0; done < length; ) {
      operation.checkNotInterrupted(done);
      int step = (int) Math.min(CHUNK, length - done);
      try {
        if (here) {
          file.disk().writeFirstZeros(position + done, step);
        } else {
          file.disk().writeZeros(position + done, step);
        }
        done += step;
        if (file.isNamed() && (done % SYNC_EVERY == 0 || done == length)) {
          file.disk().sync();
        }
      } catch (ClosedByInterruptException e) {
        throw MemoryException.interrupted(
            "reserve", length, file.target().toString(), done, outcome);
      } catch (IOException e) {
        throw refusal(file, length, done, freeBefore, e);
      }
      if (done % REPORT_EVERY == 0 || done == length) {
        operation.report(done);
      }
    }
  }

  private MemoryException refusal(
      StoreFile file, long length, long done, long freeBefore, IOException e) throws IOException {
    if (Errno.of(e) != Errno.ENOSPC) {
      return StoreErrors.of("reserve", length, file.target(), e);
    }
    // The zeros are given back. Of the chunk that failed a part may have been written: only what
    // is missing beyond that was taken by somebody else meanwhile.
    long free = done + file.store().fileStore().getUsableSpace();
    return StoreErrors.noSpace(
        "reserve", length, freeBefore - free <= CHUNK ? freeBefore : free, file.target(), grows, e);
  }

  /** Spares a disk that cannot hold it from being filled to the brim first. */
  static void refuseHopeless(StoreFile file, long length, boolean grows) throws IOException {
    refuseHopeless(file.store().fileStore(), file, length, grows);
  }

  private static void refuseHopeless(FileStore below, StoreFile file, long length, boolean grows)
      throws IOException {
    if (below.getUnallocatedSpace() < length) {
      throw StoreErrors.noSpace("reserve", length, file.target(), grows);
    }
    if (below.type().equals("tmpfs")) { // its space is memory
      MEMORY.requireMemory("reserve", length, file.target().toString());
    }
  }
}
