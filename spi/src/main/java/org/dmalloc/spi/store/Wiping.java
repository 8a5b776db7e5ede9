/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Overwrites bytes of a file with zeros and waits until the device has these, so that the file's
 * own blocks do not keep what was stored when they are given back.
 *
 * <p>What reads as zeros is not written: holes, and space that was reserved and never used, stay as
 * they are, so that a sparse file takes no space for it. What blocks elsewhere have is out of
 * reach: copies that the device keeps when it writes a block anew (flash), earlier versions on a
 * file system that copies on write, blocks that a snapshot shares.
 */
final class Wiping {
  private static final int CHUNK = ChannelDisk.MOST_ZEROS;

  /** What is looked at alone: less than a file system gives no hole for. */
  private static final int PAGE = 4096;

  private static final ByteBuffer ZEROS = ByteBuffer.allocate(PAGE).asReadOnlyBuffer();

  private Wiping() {}

  /** Overwrites {@code length} bytes from a position; none of it is behind the file's end. */
  static void overwrite(ChannelDisk disk, long position, long length) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocateDirect((int) Math.min(CHUNK, Math.max(1, length)));
    for (long done = 0; done < length; ) {
      int count = (int) Math.min(chunk.capacity(), length - done);
      disk.read(position + done, chunk.clear().limit(count));
      overwrite(disk, position + done, chunk.flip());
      done += count;
    }
    disk.sync();
  }

  /** Overwrites the pages that are not zero, each run of them by one write. */
  private static void overwrite(ChannelDisk disk, long position, ByteBuffer content)
      throws IOException {
    int length = content.limit();
    int run = 0; // where it begins
    for (int page = 0; page < length; page += PAGE) {
      if (isZero(content.slice(page, Math.min(PAGE, length - page)))) {
        if (run < page) {
          disk.writeZeros(position + run, page - run);
        }
        run = page + PAGE;
      }
    }
    if (run < length) {
      disk.writeZeros(position + run, length - run);
    }
  }

  private static boolean isZero(ByteBuffer page) {
    return page.mismatch(ZEROS.slice(0, page.limit())) < 0;
  }
}
