/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.store;

import java.io.IOException;
import java.nio.file.Files;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;

/** Reserves space by writing zeros, the only way that pure Java has. */
record ZeroFill(ProgressListener progress) implements SpaceReserver {
  private static final int CHUNK = 1 << 20;
  private static final long REPORT_EVERY = 16L << 20;

  /**
   * How much a named file may have unwritten: the end of its creation waits for the device, and
   * waiting in steps keeps progress honest and an interrupt effective.
   */
  private static final long SYNC_EVERY = 64L << 20;

  @Override
  public void reserve(StoreFile file, long position, long length) throws IOException {
    refuseHopeless(file, length);
    byte[] zeros = new byte[(int) Math.min(CHUNK, length)];
    report(file, 0, length);
    for (long done = 0; done < length; ) {
      if (Thread.currentThread().isInterrupted()) {
        throw Refusal.interrupted("reserve", file.path().toString());
      }
      int step = (int) Math.min(zeros.length, length - done);
      byte[] chunk = step == zeros.length ? zeros : new byte[step];
      try {
        file.disk().write(position + done, chunk);
      } catch (IOException e) {
        throw Refusal.of("reserve", length, file.path(), e);
      }
      done += step;
      if (file.isNamed() && (done % SYNC_EVERY == 0 || done == length)) {
        file.disk().sync();
      }
      if (done % REPORT_EVERY == 0 || done == length) {
        report(file, done, length);
      }
    }
  }

  private void report(StoreFile file, long done, long length) throws MemoryException {
    try {
      progress.progressed(done, length);
    } catch (RuntimeException cancel) {
      throw MemoryException.of(
          "reserve",
          length,
          file.path().toString(),
          "cancelled by its progress listener",
          MemoryException.NO_ERRNO,
          "nothing was changed",
          cancel);
    }
  }

  /** Spares a disk that cannot hold it from being filled to the brim first. */
  static void refuseHopeless(StoreFile file, long length) throws IOException {
    if (Files.getFileStore(file.store().directory()).getUnallocatedSpace() < length) {
      throw Refusal.noSpace("reserve", length, file.store().directory());
    }
  }
}
