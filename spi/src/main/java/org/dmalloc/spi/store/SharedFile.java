/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileStore;
import java.util.BitSet;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.Uninterrupted.Action;

/**
 * A file without a name, of which each small region has a part. The monitor of its {@link
 * SharedFiles} guards it.
 */
final class SharedFile {
  private final SharedFiles owner;
  private final LockedFile file;
  private final ChannelDisk disk;
  private final FileStore below;
  private final long age;
  private final long partBytes;
  private final int partCount;
  private final BitSet used;

  /** How often the kernel could not write pages of the file; counted up under the monitor. */
  private volatile int failures;

  /**
   * Takes the file over.
   *
   * @param below its file system
   * @param age greater than those of files that were made before
   */
  SharedFile(
      SharedFiles owner,
      LockedFile file,
      FileStore below,
      long age,
      long partBytes,
      int partCount) {
    this.owner = owner;
    this.file = file;
    this.disk = file.disk();
    this.below = below;
    this.age = age;
    this.partBytes = partBytes;
    this.partCount = partCount;
    this.used = new BitSet(partCount);
  }

  /** One region's part; to close it is to give it back, once. */
  static final class Part implements Closeable {
    private final SharedFile file;
    private final int index;

    /** How many failures its region knows; guarded by the file's monitor. */
    private int known;

    private Part(SharedFile file, int index) {
      this.file = file;
      this.index = index;
      this.known = file.failures;
    }

    SharedFile file() {
      return file;
    }

    @Override
    public void close() throws IOException {
      file.owner.giveBack(this);
    }

    long offset() {
      return index * file.partBytes;
    }

    /**
     * Makes a call that may be told that pages could not be written. One at a time for all of the
     * file: the kernel tells of a failure once, to whoever asks first, and it may concern the pages
     * of any part.
     */
    void watch(String operation, StoreFile region, Action call) throws MemoryException {
      synchronized (file) {
        try {
          call.run();
        } catch (MemoryException e) {
          known = file.failures + 1;
          file.failures = known;
          throw e;
        }
        if (known != file.failures) {
          known = file.failures;
          throw StoreErrors.othersFailed(operation, region);
        }
      }
    }
  }

  /** What a region has of a part that it took. */
  LockedFile lend(Part part) {
    return file.part(part, disk);
  }

  /** Closes the file, which nobody has a part of any more. */
  void close() throws IOException {
    file.close();
  }

  FileStore below() {
    return below;
  }

  long age() {
    return age;
  }

  long partBytes() {
    return partBytes;
  }

  boolean hasRoom() {
    return used.cardinality() < partCount;
  }

  boolean isEmpty() {
    return used.isEmpty();
  }

  /**
   * Takes the last free part. Linux maps below what it mapped last, or in the highest gap that
   * there is, so that parts from the last to the first become one mapping.
   */
  Part take() {
    int index = used.previousClearBit(partCount - 1);
    used.set(index);
    return new Part(this, index);
  }

  void giveBack(Part part) {
    used.clear(part.index);
  }
}
