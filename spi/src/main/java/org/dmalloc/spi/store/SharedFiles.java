/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.FileStore;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.MappingCount;

/**
 * The files of a store that small regions share, each cut into parts of one size, a power of two.
 *
 * <p>A part is mapped by its region alone, with an arena of its own. Parts are taken in one order,
 * from the first file's last to the last file's first: that is the order of the addresses that
 * Linux gives, so that the parts of a file are one mapping to the kernel, and a part that is free
 * again meets the gap that it left.
 *
 * <p>What a closed region stored stays in the file until its part is taken again, and filled with
 * zeros, or until the file has no region any more and goes.
 *
 * <p><b>Threads.</b> The monitor guards the files.
 */
final class SharedFiles {
  static final long LARGEST_BYTES = 64 << 10;

  private static final long FILE_BYTES = 4 << 20;

  /** There disk space is memory. */
  private static final Set<String> UNSUITED = Set.of("tmpfs", "ramfs");

  private final RegionStore store;

  /** Those with a free part, by the size of their parts and their age. */
  private final Map<Long, NavigableMap<Long, SharedFile>> withRoom = new HashMap<>();

  private long made;

  SharedFiles(RegionStore store) {
    this.store = store;
  }

  /** Whether regions in the store's directory can share files. */
  private boolean suits() throws IOException {
    FileStore below = store.fileStore();
    return below.supportsFileAttributeView("posix") && !UNSUITED.contains(below.type());
  }

  /** Makes the file of a region, filled; one of its own where it is large or nothing is shared. */
  StoreFile create(long byteSize, SpaceReserver zeros) throws IOException {
    if (byteSize > LARGEST_BYTES || !suits()) {
      return store.createUnnamed(byteSize, zeros);
    }
    SharedFile.Part part = take(FileLengths.of(0, byteSize));
    StoreFile file = StoreFile.ofPart(store, part);
    try {
      file.initialiseUnnamed(byteSize, zeros);
      return file;
    } catch (IOException | RuntimeException | Error e) {
      RegionStore.closeAfter(e, file::abandon);
      if (e instanceof MemoryException refused && refused.errno() == Errno.EFBIG) {
        return store.createUnnamed(byteSize, zeros); // ulimit -f: the part ends beyond, not it
      }
      throw e;
    }
  }

  private synchronized SharedFile.Part take(long length) throws IOException {
    long partBytes = Long.highestOneBit(2 * length - 1);
    FileStore below = store.fileStore();
    NavigableMap<Long, SharedFile> files = ofSize(partBytes);
    // Those of another file system are left: something was mounted over the directory.
    SharedFile file =
        files.values().stream().filter(each -> each.below().equals(below)).findFirst().orElse(null);
    if (file == null) {
      LockedFile unnamed = Temporaries.createUnnamed(store.directory());
      file =
          new SharedFile(this, unnamed, below, made++, partBytes, (int) (FILE_BYTES / partBytes));
      files.put(file.age(), file);
    }
    SharedFile.Part part = file.take();
    if (!file.hasRoom()) {
      files.remove(file.age());
    }
    MappingCount.OF_PROCESS.addPieces(1);
    return part;
  }

  private NavigableMap<Long, SharedFile> ofSize(long partBytes) {
    return withRoom.computeIfAbsent(partBytes, size -> new TreeMap<>());
  }

  void giveBack(SharedFile.Part part) throws IOException {
    SharedFile file = part.file();
    synchronized (this) {
      file.giveBack(part);
      MappingCount.OF_PROCESS.addPieces(-1);
      NavigableMap<Long, SharedFile> files = ofSize(file.partBytes());
      if (!file.isEmpty()) {
        files.put(file.age(), file);
        return;
      }
      files.remove(file.age());
    }
    file.close();
  }
}
