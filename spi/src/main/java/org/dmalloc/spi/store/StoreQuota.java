/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.spi.region.QuotaRefusal;

/**
 * Holds what is to be stored in a directory against its limits, with what other processes have put
 * there.
 *
 * <p>A file counts with its length behind the header: sparse regions count in full. To know that is
 * to ask for the length of every file, about 3 µs each. So a count holds for a second, and for a
 * hundred times what it took, with what this store adds meanwhile; before anything is refused it is
 * made anew. What other processes add in that time is not seen: all together can exceed a limit by
 * what is created in one such interval. Files without a name are not counted; nor are journals.
 *
 * <p>Safe for any number of threads.
 */
final class StoreQuota {
  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int LEAST_PAUSE_PER_COUNT = 100;

  private final Path directory;
  private final StoreLimits limits;
  private final LongSupplier clock;

  private boolean counted;
  private long countedAt;
  private long freshNanos;
  private long bytes;
  private long regions;

  /** What is being made, and may not have its length yet. */
  private long heldBytes;

  private long heldRegions;

  /** The lengths that files with a hold had before it; -1 for those that are being made. */
  private final Map<String, Long> lengthsBefore = new HashMap<>();

  StoreQuota(Path directory, StoreLimits limits) {
    this(directory, limits, System::nanoTime);
  }

  StoreQuota(Path directory, StoreLimits limits, LongSupplier clock) {
    this.directory = directory;
    this.limits = limits;
    this.clock = clock;
  }

  StoreLimits limits() {
    return limits;
  }

  /** What is held until it is made, or has failed. */
  final class Hold {
    private final long byteSize;
    private final int more;
    private final boolean shrinks;
    private final String file;

    private Hold(long byteSize, int more, String file) {
      this.file = file;
      this.byteSize = Math.max(0, byteSize);
      this.more = more;
      this.shrinks = byteSize < 0;
    }

    /** It is there, or it is not and never will be. */
    void end(boolean made) {
      synchronized (StoreQuota.this) {
        heldBytes -= byteSize;
        heldRegions -= more;
        lengthsBefore.remove(file);
        if (made) {
          bytes += byteSize;
          regions += more;
          counted &= !shrinks;
        }
      }
    }
  }

  /**
   * Holds bytes that are to be added, until {@link Hold#end}.
   *
   * @param byteSize how many; where it is negative, files become smaller, which the next count
   *     finds
   * @param more how many regions these make: 1, or 0 for growth
   * @throws MemoryException if a limit is reached, or the directory cannot be read
   */
  synchronized Hold hold(String operation, long byteSize, int more, Path target)
      throws MemoryException {
    String file = nameOf(target);
    long before =
        limits.isNone() || more > 0
            ? -1
            : StoreErrors.call(operation, byteSize, target, () -> length(target));
    if (!limits.isNone() && byteSize >= 0) {
      countIfOld(operation);
      if (isOver(byteSize, more)) {
        count(operation);
        refuse(operation, byteSize, more, target);
      }
    }
    Hold hold = new Hold(byteSize, more, file);
    heldBytes += hold.byteSize;
    heldRegions += more;
    lengthsBefore.put(file, before);
    return hold;
  }

  private boolean isOver(long byteSize, int more) {
    return byteSize > limits.bytes() - bytes - heldBytes
        || more > limits.regions() - regions - heldRegions;
  }

  private void refuse(String operation, long byteSize, int more, Path target)
      throws MemoryException {
    String whose = "of store " + directory;
    String where = "in the configuration of its provider";
    QuotaRefusal.check(
        new QuotaRefusal.Request(operation, byteSize, target.toString(), byteSize),
        new QuotaRefusal.Quota(
            whose, "bytes", bytes + heldBytes, limits.bytes(), StoreLimits.BYTES, where));
    QuotaRefusal.check(
        new QuotaRefusal.Request(operation, byteSize, target.toString(), more),
        new QuotaRefusal.Quota(
            whose, "regions", regions + heldRegions, limits.regions(), StoreLimits.REGIONS, where));
  }

  /** What is used of each limit; nothing without one, or where there is no directory yet. */
  synchronized List<ResourceUse> uses() throws MemoryException {
    List<ResourceUse> uses = new ArrayList<>();
    if (limits.isNone() || !Files.isDirectory(directory)) {
      return uses;
    }
    countIfOld("list");
    if (limits.bytes() < Long.MAX_VALUE) {
      uses.add(use(ResourceKind.STORE_BYTES, bytes + heldBytes, limits.bytes(), StoreLimits.BYTES));
    }
    if (limits.regions() < Long.MAX_VALUE) {
      uses.add(
          use(
              ResourceKind.STORE_REGIONS,
              regions + heldRegions,
              limits.regions(),
              StoreLimits.REGIONS));
    }
    return uses;
  }

  private ResourceUse use(ResourceKind kind, long used, long limit, String key) {
    return new ResourceUse(kind, directory.toString(), null, Math.max(0, used), limit, key);
  }

  private void countIfOld(String operation) throws MemoryException {
    if (!counted || clock.getAsLong() - countedAt > freshNanos) {
      count(operation);
    }
  }

  private void count(String operation) throws MemoryException {
    long started = clock.getAsLong();
    StoreErrors.run(operation, -1, directory, this::countFiles);
    countedAt = clock.getAsLong();
    freshNanos = Math.max(FRESH_NANOS, LEAST_PAUSE_PER_COUNT * (countedAt - started));
    counted = true;
  }

  private void countFiles() throws IOException {
    long foundBytes = 0;
    long found = 0;
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(directory, StoreQuota::isOfARegion)) {
      for (Path file : files) {
        long before = lengthsBefore.getOrDefault(nameOf(file), Long.MAX_VALUE);
        long length = Math.min(length(file), before);
        if (length >= 0) {
          foundBytes += Math.max(0, length - RegionImage.DATA_OFFSET);
          found++;
        }
      }
    }
    bytes = foundBytes;
    regions = found;
  }

  private static String nameOf(Path file) {
    return String.valueOf(file.getFileName());
  }

  private static boolean isOfARegion(Path file) {
    return nameOf(file).endsWith(RegionFileName.SUFFIX);
  }

  /** −1 for what is no file, or is gone by now. */
  private static long length(Path file) throws IOException {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return attributes.isRegularFile() ? attributes.size() : -1;
    } catch (NoSuchFileException e) {
      return -1;
    }
  }
}
