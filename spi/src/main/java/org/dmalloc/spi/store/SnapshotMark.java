/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.dmalloc.api.SnapshotOrigin;
import org.jspecify.annotations.Nullable;

/**
 * Says in a header that the region is a snapshot, and of what. It takes the place of a note of a
 * move: a snapshot never moves, as who moves a region must have it open for writing.
 */
final class SnapshotMark {
  /** Who does not know it must refuse the file: it would open it for writing. */
  static final long FLAG = 1L << 5;

  private static final int TAKEN_AT = HandOver.AT;
  private static final int LENGTH_AT = HandOver.AT + 16;
  private static final int NAME_AT = LENGTH_AT + Short.BYTES;

  /** The longest name that a region can have. */
  private static final int MAX_NAME_BYTES = 80;

  private SnapshotMark() {}

  static void encode(SnapshotOrigin origin, ByteBuffer header) {
    String region = origin.region();
    byte[] name = region == null ? new byte[0] : region.getBytes(StandardCharsets.UTF_8);
    header.putLong(TAKEN_AT, origin.takenAt().toEpochMilli());
    header.putShort(LENGTH_AT, (short) name.length);
    header.put(NAME_AT, name);
  }

  /** The mark of a header copy with these flags; null if it has none that makes sense. */
  static @Nullable SnapshotOrigin decode(ByteBuffer header, long flags) {
    int length = header.getShort(LENGTH_AT);
    if ((flags & FLAG) == 0 || length < 0 || length > MAX_NAME_BYTES) {
      return null;
    }
    byte[] name = new byte[length];
    header.get(NAME_AT, name);
    return new SnapshotOrigin(
        length == 0 ? null : new String(name, StandardCharsets.UTF_8),
        Instant.ofEpochMilli(header.getLong(TAKEN_AT)));
  }
}
