/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import java.util.List;
import java.util.ServiceLoader;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes and opens locks and rings in shared regions. A service in OSGi; {@link #load()} in plain
 * Java.
 *
 * <p>What one process has made, others open at the same offset; that they know it is theirs to
 * arrange. Making is no race that somebody wins: one process makes, for instance the one that
 * allocated the region.
 *
 * <p><b>Ownership.</b> The region stays its owner's. What was opened goes on if the bundle of this
 * service stops.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 *
 * <p><b>Failure.</b> All methods that take a region throw {@link IllegalStateException} if it is
 * closed, read-only, or not {@linkplain org.dmalloc.api.RegionAttributes#processShared()
 * process-shared}, and {@link IllegalArgumentException} if the offset is not a multiple of a page
 * or there is not enough room behind it.
 */
@ProviderType
public interface SharedMemoryService {
  /**
   * Makes a lock, over whatever is there.
   *
   * @param offset a multiple of {@link RobustLock#BYTES}, which is what it takes
   * @throws IllegalStateException if there is a lock or ring already: open that, or {@link #erase}
   *     it
   */
  RobustLock createLock(MemoryRegion region, long offset) throws MemoryException;

  /**
   * Opens the lock that is there.
   *
   * @throws MemoryException if there is none, one of a newer format, or one that is damaged; or if
   *     as many processes use it as it has room for, {@value #MOST_MEMBERS}
   */
  RobustLock openLock(MemoryRegion region, long offset) throws MemoryException;

  /** Like {@link #createLock}, with two sides. */
  RobustReadWriteLock createReadWriteLock(MemoryRegion region, long offset) throws MemoryException;

  /** Like {@link #openLock}, with two sides. */
  RobustReadWriteLock openReadWriteLock(MemoryRegion region, long offset) throws MemoryException;

  /**
   * Makes a ring, over whatever is there.
   *
   * @param offset a multiple of a page, {@link RobustLock#BYTES}
   * @param capacity what all messages that wait may take, in bytes; a multiple of a page. The ring
   *     takes {@link MessageRing#byteSize} of it
   * @throws IllegalStateException if there is a lock or ring already
   */
  MessageRing createRing(MemoryRegion region, long offset, long capacity) throws MemoryException;

  /**
   * Opens the ring that is there.
   *
   * @throws MemoryException as {@link #openLock} does
   */
  MessageRing openRing(MemoryRegion region, long offset) throws MemoryException;

  /**
   * Makes the pages of a lock or ring such that there is none. Nobody may be using it: who is gets
   * a {@link MemoryException} at his next call.
   *
   * @throws MemoryException if there is none
   */
  void erase(MemoryRegion region, long offset) throws MemoryException;

  /**
   * The locks that begin in a part of a region, those of rings included. It reads the first bytes
   * of each page.
   */
  List<LockState> locks(MemoryRegion region, long offset, long length) throws MemoryException;

  /** How many living processes can use a lock at a time. */
  int MOST_MEMBERS = 61;

  /**
   * The service of a program without OSGi, from the class path or the module path.
   *
   * @throws IllegalStateException if the jar is not there
   */
  static SharedMemoryService load() {
    return ServiceLoader.load(SharedMemoryService.class, SharedMemoryService.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no SharedMemoryService; put the jar dmalloc-shared on the class path or module"
                        + " path"));
  }
}
