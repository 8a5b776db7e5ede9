/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.SuspectBytes.Range;
import org.jspecify.annotations.Nullable;

/**
 * Forces a region's pages, and remembers what is not proven to be in the file.
 *
 * <p><b>Why.</b> Linux reports a failed write-back once for each open file, whichever pages it
 * concerned, and takes the pages for clean: they may be dropped, and the next force succeeds. So a
 * failure makes all of the region suspect. Only a force that began after the suspect pages were
 * made dirty again, and that succeeded, proves a range.
 *
 * <p><b>Threads.</b> Forces run beside each other. Of two at once the kernel tells one only that
 * pages of the other could not be written; so a force that succeeded waits for those that were
 * under way, and counts only if none of them failed.
 */
final class WriteBack {
  private static final long PAGE = 4096;

  /** The calls of one region; in bytes from its start. */
  interface Pages {
    /** Throws if a write-back has failed since this was last asked, or a sync. */
    void check() throws MemoryException;

    /** Makes the kernel take what is in RAM of a range for changed; stores nothing. */
    void rewrite(long offset, long length) throws MemoryException;

    /** Writes the changed pages of a range, and waits for the device. */
    void sync(long offset, long length) throws MemoryException;

    /** Throws unless the file has what is in RAM of a range, as far as that can be found out. */
    void prove(long offset, long length) throws MemoryException;
  }

  /** A call that tells of failures. */
  @FunctionalInterface
  interface Call {
    void run() throws MemoryException;
  }

  private final String key;
  private final String path;

  // Guarded by this.
  private final Set<Object> underWay = new HashSet<>();
  private long failures;

  /**
   * For one region.
   *
   * @param fileKey tells the file from all others, also later ones; null for a file that nobody can
   *     open again
   * @param path the file's; empty if it has none
   */
  WriteBack(@Nullable String fileKey, String path) {
    this.key = fileKey != null ? fileKey : "unnamed-" + UUID.randomUUID();
    this.path = path;
  }

  /** What is suspect; null if nothing is. */
  @Nullable SuspectBytes suspect() {
    return SuspectFiles.get(key);
  }

  /** Forgets all: nobody will read the file again. */
  void forget() {
    SuspectFiles.update(key, mark -> null);
  }

  /**
   * Throws if a part of the range is suspect.
   *
   * @param operation that could lose it
   */
  void require(String operation, String region, long offset, long length) throws MemoryException {
    require(
        operation, region, offset, length, "make room or mend the device, then force the region");
  }

  /** Throws if a part of the range is suspect, with what its user can do. */
  void require(String operation, String region, long offset, long length, String nextStep)
      throws MemoryException {
    SuspectBytes mark = suspect();
    if (mark != null && length > 0 && !mark.in(pages(offset, length)).isEmpty()) {
      throw MemoryException.of(
          operation, length, region, mark.inWords(), MemoryException.NO_ERRNO, nextStep, null);
    }
  }

  /**
   * Asks whether the kernel could write what it wrote in its own time; nothing may be evicted
   * otherwise.
   *
   * @throws MemoryException if it could not; all of the region is suspect then
   */
  void check(Pages pages, long byteSize) throws MemoryException {
    watch(pages::check, pages, byteSize);
  }

  /**
   * Runs a call that waits for the device, and so may be told in place of the next force that pages
   * could not be written.
   *
   * @throws MemoryException if it failed; all of the region is suspect then
   */
  void watch(Call call, Pages pages, long byteSize) throws MemoryException {
    Object flight = new Object();
    begin(flight);
    try {
      noting(call, pages, byteSize);
    } finally {
      end(flight);
    }
  }

  /**
   * Forces a range.
   *
   * @param byteSize of the region: all of it is suspect after a failure
   */
  void force(Pages pages, long byteSize, long offset, long length) throws MemoryException {
    Range range = pages(offset, length);
    SuspectBytes mark = suspect();
    List<Range> suspects = mark == null ? List.of() : mark.in(range.and(new Range(0, byteSize)));
    Object flight = new Object();
    long failuresBefore = begin(flight);
    try {
      for (Range each : suspects) {
        pages.rewrite(each.offset(), each.length());
      }
      noting(() -> pages.sync(offset, length), pages, byteSize);
      for (Range each : suspects) {
        pages.prove(each.offset(), each.length());
      }
    } finally {
      end(flight);
    }
    succeeded(range, failuresBefore);
  }

  /** Forces all that is suspect; does nothing if nothing is. */
  void settle(Pages pages, long byteSize) throws MemoryException {
    SuspectBytes mark = suspect();
    if (mark != null) {
      for (Range each : mark.in(new Range(0, byteSize))) {
        force(pages, byteSize, each.offset(), each.length());
      }
    }
  }

  private void noting(Call call, Pages pages, long byteSize) throws MemoryException {
    try {
      call.run();
    } catch (MemoryException e) {
      failed(e, byteSize);
      try {
        // At once: what the kernel takes for clean it may drop.
        pages.rewrite(0, byteSize);
      } catch (MemoryException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  private synchronized long begin(Object flight) {
    underWay.add(flight);
    return failures;
  }

  private synchronized void end(Object flight) {
    underWay.remove(flight);
    notifyAll();
  }

  private synchronized void failed(MemoryException e, long byteSize) {
    failures++;
    String words = String.valueOf(e.getMessage()).replaceAll("\\p{Cntrl}", " ");
    SuspectFiles.update(
        key,
        mark ->
            new SuspectBytes(
                path, mark == null ? words : mark.error(), List.of(new Range(0, byteSize))));
  }

  private synchronized void succeeded(Range range, long failuresBefore) throws MemoryException {
    Set<Object> others = Set.copyOf(underWay);
    boolean interrupted = false;
    while (others.stream().anyMatch(underWay::contains)) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failures != failuresBefore) {
      SuspectBytes mark = suspect();
      throw MemoryException.of(
          "force",
          range.length(),
          path,
          "another force failed meanwhile: " + (mark == null ? "" : mark.error()),
          MemoryException.NO_ERRNO,
          "force again",
          null);
    }
    SuspectFiles.update(key, mark -> mark == null ? null : mark.without(range));
  }

  /** The pages that hold a range. */
  private static Range pages(long offset, long length) {
    long end = offset + length;
    return new Range(offset - offset % PAGE, end + (PAGE - end % PAGE) % PAGE);
  }
}
