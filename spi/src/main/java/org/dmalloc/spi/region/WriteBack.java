/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.region.SuspectBytes.Range;
import org.dmalloc.spi.region.Uninterrupted.Action;
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
 * under way, and counts only if none of them failed. All methods that call the backing are called
 * inside a section, or with the gate shut.
 */
final class WriteBack {
  private static final long PAGE = 4096;

  private static final String NEXT_STEP = "make room or mend the device, then force the region";

  private final RegionTraits traits;
  private final RegionBacking backing;
  private final RegionLabel region;

  /** Of the file, or made for the region at its first failure; null before. */
  private volatile @Nullable String key;

  // Guarded by this; the forces are null while there are none.
  private @Nullable Set<Object> underWay;
  private long failures;

  WriteBack(RegionTraits traits, RegionBacking backing, RegionLabel region) {
    this.traits = traits;
    this.backing = backing;
    this.region = region;
    this.key = traits.fileKey();
  }

  /** What is not proven to be in the file, in words; null if all is well. */
  @Nullable String failure() {
    SuspectBytes mark = suspect();
    return mark == null ? null : mark.inWords();
  }

  /** Whether there are bytes that RAM alone is known to have, so that nothing may evict them. */
  boolean isSuspect() {
    return suspect() != null;
  }

  private @Nullable SuspectBytes suspect() {
    String marked = key;
    return marked == null ? null : SuspectFiles.get(marked);
  }

  /** Where others find the file; empty if it has no name, or has lost it. */
  private String path() {
    return backing.detached().isPresent() ? "" : Objects.toString(region.path(), "");
  }

  /** Forgets all marks of a file that has no name, or has lost it: it is not read again. */
  void forgetUnnamed() {
    String marked = key;
    if (marked != null
        && isSuspect()
        && (region.name() == null || backing.detached().isPresent())) {
      SuspectFiles.update(marked, mark -> null);
    }
  }

  /** Throws if a part of the range is suspect, which the operation could lose. */
  void require(String operation, long offset, long length) throws MemoryException {
    require(operation, region.toString(), offset, length, NEXT_STEP);
  }

  private void require(String operation, String target, long offset, long length, String nextStep)
      throws MemoryException {
    SuspectBytes mark = suspect();
    if (mark != null && length > 0 && !mark.in(pages(offset, length)).isEmpty()) {
      throw MemoryException.of(operation, length, target, mark.inWords(), nextStep);
    }
  }

  /** Throws if pages of the range may not leave RAM, as the kernel could not write them. */
  void checkWritten(String operation, long offset, long length) throws MemoryException {
    if (traits.sharing() == Sharing.SHARED && length > 0) {
      check();
      require(operation, offset, length);
    }
  }

  /** Throws, and makes all suspect, if the kernel could not write what it wrote in its own time. */
  private void check() throws MemoryException {
    if (!isSuspect()) {
      watch(backing::checkWriteBack);
    }
  }

  /**
   * Runs a call that waits for the device, and so may be told in place of the next force that pages
   * could not be written.
   *
   * @throws MemoryException if it failed; all of the region is suspect then
   */
  void watch(Action call) throws MemoryException {
    Object flight = new Object();
    begin(flight);
    try {
      noting(call);
    } finally {
      end(flight);
    }
  }

  /** Makes all suspect if a change of size was told of pages that could not be written. */
  void noteResize() {
    try {
      watch(backing::checkResize);
    } catch (MemoryException e) {
      // It is suspect now, and the next force tells. The change of size has an outcome of its own.
    }
  }

  /** Forces a range that is not empty. */
  void force(long offset, long length) throws MemoryException {
    backing.checkFile("force");
    Range range = pages(offset, length);
    SuspectBytes mark = suspect();
    List<Range> suspects = mark == null ? List.of() : mark.in(range.and(all()));
    Object flight = new Object();
    long failuresBefore = begin(flight);
    try {
      for (Range each : suspects) {
        rewrite(each);
      }
      noting(() -> backing.force(offset, length));
      for (Range each : suspects) {
        backing.prove(each.offset(), each.length());
      }
    } finally {
      end(flight);
    }
    succeeded(range, failuresBefore);
  }

  /** Forces all that is suspect; does nothing if nothing is. */
  void settle() throws MemoryException {
    SuspectBytes mark = suspect();
    if (mark != null) {
      for (Range each : mark.in(all())) {
        force(each.offset(), each.length());
      }
    }
  }

  /**
   * Tries once more to write what could not be written; returns what is to be told of it after the
   * close, null if all is well, or nobody will miss it.
   */
  @Nullable MemoryException lastForce() {
    if (traits.name() == null
        || traits.sharing() == Sharing.PRIVATE
        || traits.access() == AccessMode.READ_ONLY
        || backing.detached().isPresent()) {
      return null;
    }
    try {
      check();
    } catch (MemoryException e) {
      // The kernel could not write what nobody has forced: now it is suspect, and tried again.
    }
    try {
      settle();
      return null;
    } catch (MemoryException e) {
      return e;
    }
  }

  private void noting(Action call) throws MemoryException {
    try {
      call.run();
    } catch (MemoryException e) {
      failed(e);
      try {
        // At once: what the kernel takes for clean it may drop.
        rewrite(all());
      } catch (MemoryException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  private void rewrite(Range range) throws MemoryException {
    if (traits.access() == AccessMode.READ_WRITE) {
      backing.rewrite(range.offset(), range.length());
    } else {
      require(
          "force",
          region + ", read-only",
          range.offset(),
          range.length(),
          "make room or mend the device, then open the region for writing and force it");
    }
  }

  private Range all() {
    return new Range(0, backing.segment().byteSize());
  }

  private synchronized long begin(Object flight) {
    Set<Object> flights = underWay == null ? new HashSet<>() : underWay;
    flights.add(flight);
    underWay = flights;
    return failures;
  }

  private synchronized void end(Object flight) {
    Set<Object> flights = underWay;
    if (flights != null && flights.remove(flight) && flights.isEmpty()) {
      underWay = null;
    }
    notifyAll();
  }

  private synchronized void failed(MemoryException e) {
    failures++;
    String words = String.valueOf(e.getMessage()).replaceAll("\\p{Cntrl}", " ");
    String path = path();
    String marked = key;
    if (marked == null) {
      marked = "unnamed-" + UUID.randomUUID();
      key = marked;
    }
    SuspectFiles.update(
        marked,
        mark -> new SuspectBytes(path, mark == null ? words : mark.error(), List.of(all())));
  }

  private synchronized void succeeded(Range range, long failuresBefore) throws MemoryException {
    Set<Object> others = underWay == null ? Set.of() : Set.copyOf(underWay);
    Uninterrupted.await(
        () -> {
          while (others.stream().anyMatch(this::isUnderWay)) {
            wait();
          }
          return true;
        });
    if (failures != failuresBefore) {
      SuspectBytes mark = suspect();
      throw MemoryException.of(
          "force",
          range.length(),
          Objects.toString(region.path(), ""),
          "another force failed meanwhile: " + (mark == null ? "" : mark.error()),
          "force again");
    }
    String marked = key;
    if (marked != null) {
      SuspectFiles.update(marked, mark -> mark == null ? null : mark.without(range));
    }
  }

  private boolean isUnderWay(Object flight) {
    return underWay != null && underWay.contains(flight);
  }

  /** The pages that hold a range. */
  private static Range pages(long offset, long length) {
    long end = offset + length;
    return new Range(offset - offset % PAGE, end + (PAGE - end % PAGE) % PAGE);
  }
}
