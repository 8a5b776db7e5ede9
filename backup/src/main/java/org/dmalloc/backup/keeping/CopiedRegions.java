/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.dmalloc.api.Access;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.backup.archive.ChainReader;

/** Copies of members that are brought from one checkpoint to a later one. */
final class CopiedRegions {
  private static final int PAGE_BYTES = SealedCheckpoint.PAGE_BYTES;

  private final Map<Integer, MemoryRegion> regions;

  CopiedRegions(Map<Integer, MemoryRegion> regions) {
    this.regions = regions;
  }

  /** Shows changed pages, as often as it is asked. */
  @FunctionalInterface
  interface Change {
    void show(ChainReader.Visitor visitor) throws MemoryException;
  }

  /** Brings pages in: of regions that are checkpointed together all or none. */
  void apply(Change change) throws MemoryException {
    Map<UUID, CheckpointLog> groups = new LinkedHashMap<>();
    Set<Integer> plain = new LinkedHashSet<>();
    Map<Integer, UUID> groupOf = new LinkedHashMap<>();
    for (Map.Entry<Integer, MemoryRegion> each : regions.entrySet()) {
      if (isCheckpointed(each.getValue())
          && each.getValue().checkpoints() instanceof CheckpointLog log) {
        groups.put(log.id(), log);
        groupOf.put(each.getKey(), log.id());
      } else {
        plain.add(each.getKey());
      }
    }
    // Nothing can be asked of a region while its group is replaced.
    Map<Integer, String> names = new LinkedHashMap<>();
    regions.forEach((member, region) -> names.put(member, String.valueOf(region.info().name())));
    for (Map.Entry<UUID, CheckpointLog> group : groups.entrySet()) {
      group
          .getValue()
          .replace(
              visitor ->
                  change.show(
                      (member, firstPage, content) -> {
                        if (group.getKey().equals(groupOf.get(member))) {
                          visitor.pages(
                              String.valueOf(names.get(member)), firstPage * PAGE_BYTES, content);
                        }
                      }));
    }
    if (!plain.isEmpty()) {
      change.show(
          (member, firstPage, content) -> {
            if (plain.contains(member)) {
              write(region(member), firstPage, content);
            }
          });
    }
    for (int member : plain) {
      settle(region(member));
    }
  }

  static boolean isCheckpointed(MemoryRegion region) {
    return region.info().options().durability() == Durability.CHECKPOINT;
  }

  private MemoryRegion region(int member) {
    MemoryRegion region = regions.get(member);
    if (region == null) {
      throw new IllegalStateException("member " + member + " is not in " + regions.keySet());
    }
    return region;
  }

  private static void write(MemoryRegion region, long firstPage, ByteBuffer content)
      throws MemoryException {
    store(region, firstPage * PAGE_BYTES, content, Long.MAX_VALUE);
  }

  /** Stores what of the content lies before an end, and before that of the region. */
  static void store(MemoryRegion region, long offset, ByteBuffer content, long end)
      throws MemoryException {
    BusErrors.in(
        region,
        "restore",
        () -> {
          try (Access access = region.acquire()) {
            long room = Math.min(end, access.segment().byteSize()) - offset;
            long length = Math.min(content.remaining(), room);
            if (length > 0) {
              MemorySegment from = MemorySegment.ofBuffer(content);
              MemorySegment.copy(from, 0, access.segment(), offset, length);
            }
            return length;
          }
        });
  }

  /** Makes durable what was stored without a checkpoint of its own. */
  static void settle(MemoryRegion region) throws MemoryException {
    if (isCheckpointed(region)) {
      region.checkpoint();
    } else if (region.info().capabilities().contains(Capability.FORCE)) {
      region.force();
    }
  }

  /** The page in which an offset lies, with zeros from there on. */
  static ByteBuffer cutPage(MemoryRegion region, long offset) throws MemoryException {
    long start = offset - offset % PAGE_BYTES;
    return BusErrors.in(
        region,
        "restore",
        () -> {
          byte[] page = new byte[PAGE_BYTES];
          try (Access access = region.acquire()) {
            int kept = (int) (offset % PAGE_BYTES);
            MemorySegment.copy(access.segment(), JAVA_BYTE, start, page, 0, kept);
          }
          return ByteBuffer.wrap(page);
        });
  }
}
