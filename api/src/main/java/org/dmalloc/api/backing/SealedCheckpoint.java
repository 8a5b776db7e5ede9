/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/** One durable checkpoint: what has changed since the one before. */
@ProviderType
public interface SealedCheckpoint {
  /** Pages of a checkpoint have this many bytes, whatever the machine's have. */
  int PAGE_BYTES = 4096;

  /** Its number; the one before has one less. */
  long number();

  Instant at();

  /** All members of the group, also those of which nothing has changed. */
  List<Member> members();

  /**
   * A member as the checkpoint has it.
   *
   * @param number tells it from all that the group has or had: of a region that was renamed it
   *     stays, of one that was deleted and made again under the same name it is another
   * @param region its name
   * @param byteSize its size in bytes
   * @param length how many are {@linkplain org.dmalloc.api.MemoryRegion#length() in use}; -1 if
   *     nobody has said
   * @param pages how many of its pages the checkpoint has
   */
  record Member(int number, String region, long byteSize, long length, long pages) {}

  /**
   * Shows the pages, each once, member by member in ascending order.
   *
   * @throws MemoryException if the journal cannot be read or is damaged, or what the visitor throws
   */
  void read(PageVisitor visitor) throws MemoryException;

  /** Takes pages. */
  @ConsumerType
  @FunctionalInterface
  interface PageVisitor {
    /**
     * Takes a run of pages.
     *
     * @param region the member's name
     * @param offset in bytes, a multiple of {@link #PAGE_BYTES}
     * @param content whole pages; behind the end of the region zeros. Valid during the call
     */
    void pages(String region, long offset, ByteBuffer content) throws MemoryException;
  }
}
