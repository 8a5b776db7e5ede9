/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.backup.RetentionPolicy;
import org.jspecify.annotations.Nullable;

/** The record of a {@link KnownBackup} as it lies in a file. */
public final class KeepRecord {
  private KeepRecord() {}

  /** The bytes of the file. */
  public static byte[] encode(KnownBackup backup) {
    LittleEndian out = new LittleEndian(256);
    out.putInt(PackFormat.VERSION).put(backup.id()).put(backup.group());
    out.putInt(backup.regions().size());
    backup.regions().forEach(out::put);
    KeepOptions options = backup.options();
    out.put(backup.location())
        .put(backup.at())
        .put(options.retention().toString())
        .put(orEmpty(options.owner()))
        .put(orEmpty(options.spool()))
        .putLong(options.spoolBytes())
        .putLong(options.bytesPerSecond())
        .putLong(options.baseEvery().toSeconds());
    return out.putCrc(0).toByteArray();
  }

  private static String orEmpty(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }

  /** Reads one; empty if it is not right, or of another version. */
  public static Optional<KnownBackup> decode(ByteBuffer content) {
    byte[] bytes = LittleEndian.bytes(content, content.remaining());
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int crcAt = bytes.length - Integer.BYTES;
    if (crcAt < Integer.BYTES
        || in.getInt(crcAt) != LittleEndian.crc(bytes, 0, crcAt)
        || in.getInt() != PackFormat.VERSION) {
      return Optional.empty();
    }
    try {
      var id = LittleEndian.uuid(in);
      String group = LittleEndian.string(in);
      List<String> regions = new ArrayList<>();
      for (int left = in.getInt(); left > 0; left--) {
        regions.add(LittleEndian.string(in));
      }
      String location = LittleEndian.string(in);
      var at = LittleEndian.instant(in);
      return Optional.of(new KnownBackup(id, group, regions, location, options(in), at));
    } catch (BufferUnderflowException | IllegalArgumentException | DateTimeException e) {
      return Optional.empty();
    }
  }

  private static KeepOptions options(ByteBuffer in) {
    RetentionPolicy retention = RetentionPolicy.parse(LittleEndian.string(in));
    String owner = LittleEndian.string(in);
    String spool = LittleEndian.string(in);
    return new KeepOptions(
        retention,
        owner.isEmpty() ? null : owner,
        false,
        spool.isEmpty() ? null : Path.of(spool),
        in.getLong(),
        in.getLong(),
        Duration.ofSeconds(in.getLong()));
  }
}
