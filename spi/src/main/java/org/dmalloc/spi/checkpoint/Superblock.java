/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a journal says of itself: one page, and behind it a table of the members.
 *
 * @param generation counts the changes; the valid copy with the greater one holds
 * @param group the group's name; empty for a region on its own
 * @param applied the last checkpoint that is in the members' files, on the device
 * @param acknowledged the last one that is known to be durable
 * @param sealedAt when that was
 * @param nextMember the number of the next new member; numbers are never used again
 * @param members the regions' names by their numbers
 * @param tablePosition where the table is in the file
 */
record Superblock(
    long generation,
    UUID id,
    String group,
    long applied,
    long acknowledged,
    Instant sealedAt,
    Instant createdAt,
    int nextMember,
    SortedMap<Integer, String> members,
    long tablePosition) {
  private static final int VERSION_AT = 8;
  private static final int GENERATION_AT = 16;
  private static final int ID_AT = 24;
  private static final int APPLIED_AT = 40;
  private static final int ACKNOWLEDGED_AT = 48;
  private static final int SEALED_AT = 56;
  private static final int CREATED_AT = 64;
  private static final int NEXT_MEMBER_AT = 72;
  private static final int MEMBER_COUNT_AT = 76;
  private static final int TABLE_POSITION_AT = 80;
  private static final int TABLE_BYTES_AT = 88;
  private static final int TABLE_CHECKSUM_AT = 92;
  private static final int GROUP_AT = 96;
  private static final int MOST_NAME_BYTES = 80;

  /** The largest table that is believed: of more members than one process can map. */
  private static final int MOST_TABLE_BYTES = 64 << 20;

  static Superblock first(UUID id, String group) {
    Instant now = Instant.ofEpochMilli(System.currentTimeMillis());
    return new Superblock(1, id, group, 0, 0, Instant.EPOCH, now, 1, new TreeMap<>(), 0);
  }

  Superblock withProgress(long nowApplied, long nowAcknowledged, Instant nowSealedAt) {
    return new Superblock(
        generation + 1,
        id,
        group,
        nowApplied,
        nowAcknowledged,
        nowSealedAt,
        createdAt,
        nextMember,
        members,
        tablePosition);
  }

  Superblock withMembers(SortedMap<Integer, String> now, int next, long position) {
    return new Superblock(
        generation + 1, id, group, applied, acknowledged, sealedAt, createdAt, next, now, position);
  }

  /** The table of the members; empty if there are none. */
  ByteBuffer encodeTable() {
    int bytes = 0;
    for (String region : members.values()) {
      bytes += Integer.BYTES + Short.BYTES + utf8(region).length;
    }
    ByteBuffer table = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (Map.Entry<Integer, String> member : members.entrySet()) {
      byte[] region = utf8(member.getValue());
      table.putInt(member.getKey()).putShort((short) region.length).put(region);
    }
    return table.flip();
  }

  ByteBuffer encode() {
    ByteBuffer table = encodeTable();
    ByteBuffer page = PageFormat.page();
    page.putLong(0, PageFormat.SUPERBLOCK);
    page.putInt(VERSION_AT, PageFormat.VERSION);
    page.putLong(GENERATION_AT, generation);
    PageFormat.putId(page, ID_AT, id);
    page.putLong(APPLIED_AT, applied);
    page.putLong(ACKNOWLEDGED_AT, acknowledged);
    page.putLong(SEALED_AT, sealedAt.toEpochMilli());
    page.putLong(CREATED_AT, createdAt.toEpochMilli());
    page.putInt(NEXT_MEMBER_AT, nextMember);
    page.putInt(MEMBER_COUNT_AT, members.size());
    page.putLong(TABLE_POSITION_AT, tablePosition);
    page.putInt(TABLE_BYTES_AT, table.remaining());
    page.putInt(TABLE_CHECKSUM_AT, PageFormat.checksum(table));
    byte[] name = utf8(group);
    page.putShort(GROUP_AT, (short) name.length);
    page.put(GROUP_AT + Short.BYTES, name);
    PageFormat.seal(page);
    return page;
  }

  /** Where a valid page says that its table is. */
  record TablePlace(long position, int bytes) {}

  static int version(ByteBuffer page) {
    return page.getInt(VERSION_AT);
  }

  /** Null if that is no page of this version. */
  static @Nullable TablePlace tablePlace(ByteBuffer page) {
    if (!PageFormat.is(page, PageFormat.SUPERBLOCK) || version(page) != PageFormat.VERSION) {
      return null;
    }
    long position = page.getLong(TABLE_POSITION_AT);
    int bytes = page.getInt(TABLE_BYTES_AT);
    return position < 0 || bytes < 0 || bytes > MOST_TABLE_BYTES
        ? null
        : new TablePlace(position, bytes);
  }

  /** Null if the table is not that of the page, or a value is impossible. */
  static @Nullable Superblock decode(ByteBuffer page, ByteBuffer table) {
    int count = page.getInt(MEMBER_COUNT_AT);
    SortedMap<Integer, String> members = decodeTable(table);
    String group = text(page, GROUP_AT);
    if (page.getInt(TABLE_CHECKSUM_AT) != PageFormat.checksum(table.duplicate().rewind())
        || members == null
        || members.size() != count
        || group == null) {
      return null;
    }
    Superblock read =
        new Superblock(
            page.getLong(GENERATION_AT),
            PageFormat.id(page, ID_AT),
            group,
            page.getLong(APPLIED_AT),
            page.getLong(ACKNOWLEDGED_AT),
            Instant.ofEpochMilli(page.getLong(SEALED_AT)),
            Instant.ofEpochMilli(page.getLong(CREATED_AT)),
            page.getInt(NEXT_MEMBER_AT),
            members,
            page.getLong(TABLE_POSITION_AT));
    boolean sane = 0 <= read.applied && read.applied <= read.acknowledged && read.generation > 0;
    return sane ? read : null;
  }

  private static @Nullable SortedMap<Integer, String> decodeTable(ByteBuffer table) {
    SortedMap<Integer, String> members = new TreeMap<>();
    table.order(ByteOrder.LITTLE_ENDIAN);
    while (table.remaining() >= Integer.BYTES + Short.BYTES) {
      int member = table.getInt();
      String region = text(table, table.position());
      if (region == null) {
        return null;
      }
      table.position(table.position() + Short.BYTES + utf8(region).length);
      members.put(member, region);
    }
    return table.hasRemaining() ? null : members;
  }

  private static @Nullable String text(ByteBuffer bytes, int at) {
    int length = bytes.getShort(at);
    if (length < 0 || length > MOST_NAME_BYTES || at + Short.BYTES + length > bytes.limit()) {
      return null;
    }
    byte[] text = new byte[length];
    bytes.get(at + Short.BYTES, text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
