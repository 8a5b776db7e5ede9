/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.store;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.machine.KernelFiles;
import org.dmalloc.machine.Machine;

/** Reserves space by writing zeros, the only way that pure Java has. */
record ZeroFill(ProgressListener progress) implements SpaceReserver {
  /** For files in memory: what they take cannot be had twice. */
  private static final Machine MEMORY = Machine.unconditional(KernelFiles.ofThisMachine());

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
        throw MemoryException.interrupted(
            "reserve", length, target(file), done, "nothing was created");
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

  /** During a creation the file has a temporary path, which means nothing to anybody. */
  private static String target(StoreFile file) {
    String name = file.name();
    Path path = name == null ? file.store().directory() : file.store().path(name);
    return path.toString();
  }

  private void report(StoreFile file, long done, long length) throws MemoryException {
    try {
      progress.progressed(done, length);
    } catch (RuntimeException cancel) {
      throw MemoryException.of(
          "reserve",
          length,
          target(file),
          "cancelled by its progress listener",
          MemoryException.NO_ERRNO,
          "nothing was created",
          cancel);
    }
  }

  /** Spares a disk that cannot hold it from being filled to the brim first. */
  static void refuseHopeless(StoreFile file, long length) throws IOException {
    FileStore below = Files.getFileStore(file.store().directory());
    if (below.getUnallocatedSpace() < length) {
      throw Refusal.noSpace("reserve", length, file.store().directory());
    }
    if (below.type().equals("tmpfs")) { // its space is memory
      MEMORY.requireMemory("reserve", length, target(file));
    }
  }
}
