/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.backup.archive.MemberState;
import org.dmalloc.backup.archive.ObjectSink;
import org.dmalloc.backup.archive.PackWriter;
import org.dmalloc.backup.archive.Piece;

/**
 * Copies what the files of a group have while checkpoints go on. The copy is a mixture; with all
 * checkpoints from the one before the copy to the one at its end it is exact.
 */
final class BaseCopy {
  private static final int READ_BYTES = 1 << 20;
  private static final int PAGE_BYTES = SealedCheckpoint.PAGE_BYTES;

  private final CheckpointLog group;
  private final MemorySegment buffer = Arena.ofAuto().allocate(READ_BYTES, PAGE_BYTES);

  /** Is told of bytes that were read; throws to give the copy up. */
  @FunctionalInterface
  interface Progress {
    void read(long bytes) throws MemoryException;
  }

  BaseCopy(CheckpointLog group) {
    this.group = group;
  }

  /** Names of open members and which region each is; what a copy relies on. */
  static Map<String, Long> names(CheckpointLog group) {
    return group.regions().stream()
        .map(region -> region.info())
        .filter(info -> info.name() != null)
        .collect(Collectors.toMap(info -> String.valueOf(info.name()), RegionInfo::id));
  }

  /**
   * Copies the members.
   *
   * @param to the checkpoint of which the files have all
   */
  Piece copy(
      UUID backup,
      Instant now,
      List<MemberState> members,
      long to,
      String key,
      ObjectSink sink,
      Progress progress)
      throws MemoryException {
    PackWriter writer = PackWriter.base(backup, to, key, sink);
    for (MemberState member :
        members.stream().sorted(Comparator.comparingInt(MemberState::number)).toList()) {
      for (long at = 0; at < member.byteSize(); at += READ_BYTES) {
        int length = (int) Math.min(READ_BYTES, member.byteSize() - at);
        read(member, at, length, writer);
        progress.read(length);
      }
    }
    return writer.finish(members, now);
  }

  private void read(MemberState member, long offset, int length, PackWriter writer)
      throws MemoryException {
    int whole = (length + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    MemorySegment into = buffer.asSlice(0, whole).fill((byte) 0);
    if (!readIfThere(member.region(), offset, into.asSlice(0, length))) {
      into.fill((byte) 0);
      for (int at = 0; at < length; at += PAGE_BYTES) {
        MemorySegment page = into.asSlice(at, Math.min(PAGE_BYTES, length - at));
        if (!readIfThere(member.region(), offset + at, page)) {
          page.fill((byte) 0);
        }
      }
    }
    ByteBuffer content = into.asByteBuffer();
    writer.pages(member.number(), offset / PAGE_BYTES, content);
  }

  /**
   * False behind the end: the region became smaller since, which a later checkpoint says; or its
   * file has not grown yet, and the checkpoint it grew by has all that is there.
   */
  private boolean readIfThere(String region, long offset, MemorySegment into)
      throws MemoryException {
    try {
      group.readApplied(region, offset, into);
      return true;
    } catch (IndexOutOfBoundsException e) {
      return false;
    }
  }
}
