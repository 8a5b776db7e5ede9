/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.dmalloc.measure.PageContent;

/**
 * The first and the last 8 bytes of a block, which has at least 16. Something is stored to each of
 * its pages too: pages that nobody stored to take no memory.
 */
final class BlockEnds {
  private BlockEnds() {}

  static void store(MemorySegment segment, long block, int byteSize, long value) {
    for (int at = 0; at < byteSize - Long.BYTES; at += PageContent.PAGE_BYTES) {
      segment.set(JAVA_LONG_UNALIGNED, block + at, value);
    }
    segment.set(JAVA_LONG_UNALIGNED, block + byteSize - Long.BYTES, value);
  }

  /** The value that both ends have; something else if they differ. */
  static long load(MemorySegment segment, long block, int byteSize) {
    long first = segment.get(JAVA_LONG_UNALIGNED, block);
    long last = segment.get(JAVA_LONG_UNALIGNED, block + byteSize - Long.BYTES);
    return first == last ? first : ~first;
  }
}
