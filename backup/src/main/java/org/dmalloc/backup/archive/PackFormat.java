/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.UUID;
import org.dmalloc.api.backing.SealedCheckpoint;

/** Numbers of docs/backup-format.md. */
final class PackFormat {
  static final int PAGE_BYTES = SealedCheckpoint.PAGE_BYTES;

  /** Pages that are compressed together: what a read of a single one takes. */
  static final int BLOCK_PAGES = 16;

  static final int BLOCK_BYTES = BLOCK_PAGES * PAGE_BYTES;

  /** An object is ended when its blocks have that many bytes. */
  static final int OBJECT_BYTES = 8 << 20;

  static final int OBJECT_ENTRIES = 1 << 16;

  static final int VERSION = 1;
  static final int HEADER_BYTES = 64;
  static final int ENTRY_BYTES = 40;
  static final int TRAILER_BYTES = 64;

  /** More than any object has that this version writes; the index of one is read into memory. */
  static final int MOST_OBJECT_BYTES = 1 << 30;

  static final byte[] HEADER_MAGIC = "dmbackup".getBytes(StandardCharsets.US_ASCII);
  static final byte[] TRAILER_MAGIC = "dmbk.end".getBytes(StandardCharsets.US_ASCII);

  static final int ROOT = 1;
  static final int PART = 2;

  static final int RAW = 0;
  static final int LZ4 = 1;
  static final int ZERO = 2;

  private PackFormat() {}

  /** The key of the part with a number from 1 on. */
  static String partKey(String rootKey, int part) {
    return String.format(Locale.ROOT, "%s-%08x", rootKey, part);
  }

  static String hex(UUID id) {
    return String.format(
        Locale.ROOT, "%016x%016x", id.getMostSignificantBits(), id.getLeastSignificantBits());
  }
}
