/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.archive.ChainReader;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.MemberState;

/** Brings a group back to a checkpoint of a backup, as a new checkpoint of its own. */
final class Replacement {
  private static final int PAGE_BYTES = SealedCheckpoint.PAGE_BYTES;
  private static final int ZERO_PAGES = 256;

  private final CheckpointLog group;
  private final BackupStore store;
  private final Head head;
  private final long number;
  private final ProgressListener progress;

  Replacement(
      CheckpointLog group, BackupStore store, Head head, long number, ProgressListener progress) {
    this.group = group;
    this.store = store;
    this.head = head;
    this.number = number;
    this.progress = progress;
  }

  long run() throws MemoryException {
    PointRead read = new PointRead(store, head, number);
    Map<Integer, MemoryRegion> regions = regions(read.members());
    WatchedRead watched =
        new WatchedRead(
            "restore", group.name(), read.storedBytes(), "nothing has changed", progress);
    Map<Integer, Long> lengths = new HashMap<>();
    regions.forEach((member, region) -> lengths.put(member, region.length()));
    boolean replaced = false;
    try {
      read.members().forEach(member -> setLength(regions, member));
      long made = replace(read, regions, watched);
      replaced = true;
      return made;
    } finally {
      if (!replaced) {
        lengths.forEach((member, length) -> region(regions, member).setLength(length));
      }
    }
  }

  private static void setLength(Map<Integer, MemoryRegion> regions, MemberState member) {
    if (member.length() >= 0) {
      region(regions, member.number()).setLength(member.length());
    }
  }

  private static MemoryRegion region(Map<Integer, MemoryRegion> regions, int member) {
    MemoryRegion region = regions.get(member);
    if (region == null) {
      throw new IllegalStateException("member " + member + " is not in " + regions.keySet());
    }
    return region;
  }

  /** What is asked of a region, which cannot be asked while its group is replaced. */
  private record Target(String name, long byteSize) {}

  private long replace(PointRead read, Map<Integer, MemoryRegion> regions, WatchedRead watched)
      throws MemoryException {
    Map<Integer, Target> targets = new HashMap<>();
    regions.forEach(
        (member, region) ->
            targets.put(
                member, new Target(String.valueOf(region.info().name()), region.byteSize())));
    if (store.isLocal()) {
      return group.replace(
          visitor -> {
            read.read(into(targets, visitor), watched);
            zeros(targets, read::wasShown, visitor);
          });
    }
    // The regions wait while pages are read; so they do not wait for a store that is far.
    try (PageFile pages = PageFile.create(null)) {
      read.read(pages, watched);
      return group.replace(
          visitor -> {
            pages.read(into(targets, visitor));
            zeros(targets, read::wasShown, visitor);
          });
    }
  }

  private static ChainReader.Visitor into(
      Map<Integer, Target> targets, SealedCheckpoint.PageVisitor visitor) {
    return (member, firstPage, content) -> {
      Target target = targets.get(member);
      if (target == null) {
        throw new IllegalStateException("member " + member + " is not in " + targets.keySet());
      }
      visitor.pages(target.name, firstPage * PAGE_BYTES, content);
    };
  }

  /** Gives zeros for all pages that the checkpoint does not have. */
  private static void zeros(
      Map<Integer, Target> targets,
      BiPredicate<Integer, Long> wasShown,
      SealedCheckpoint.PageVisitor visitor)
      throws MemoryException {
    for (Map.Entry<Integer, Target> each : targets.entrySet()) {
      Target target = each.getValue();
      long pages = (target.byteSize + PAGE_BYTES - 1) / PAGE_BYTES;
      zeros(target.name, each.getKey(), 0, pages, wasShown, visitor);
    }
  }

  /** Gives zeros for those of a range of pages that were not shown. */
  static void zeros(
      String name,
      int member,
      long from,
      long to,
      BiPredicate<Integer, Long> wasShown,
      SealedCheckpoint.PageVisitor visitor)
      throws MemoryException {
    ByteBuffer zeros = ByteBuffer.allocate(ZERO_PAGES * PAGE_BYTES).asReadOnlyBuffer();
    for (long page = from; page < to; ) {
      int run = 0;
      while (run < ZERO_PAGES && page + run < to && !wasShown.test(member, page + run)) {
        run++;
      }
      if (run > 0) {
        visitor.pages(name, page * PAGE_BYTES, zeros.slice(0, run * PAGE_BYTES));
      }
      page += Math.max(run, 1);
    }
  }

  /** The regions of the group by the numbers that they have in the checkpoint. */
  private Map<Integer, MemoryRegion> regions(List<MemberState> members) throws MemoryException {
    Map<String, MemoryRegion> open = new HashMap<>();
    group.regions().forEach(region -> open.put(String.valueOf(region.info().name()), region));
    TreeSet<String> wanted = new TreeSet<>();
    members.forEach(member -> wanted.add(member.region()));
    if (!wanted.equals(open.keySet())) {
      throw refused(
          "checkpoint "
              + number
              + " has the regions "
              + wanted
              + ", open are "
              + new TreeSet<>(open.keySet()),
          "open the same ones, or restore it as new regions");
    }
    Map<Integer, MemoryRegion> regions = new HashMap<>();
    for (MemberState member : members) {
      MemoryRegion region = open.get(member.region());
      if (region == null || region.byteSize() < member.byteSize()) {
        throw refused(
            "checkpoint "
                + number
                + " has "
                + member.byteSize()
                + " bytes of "
                + member.region()
                + ", which is smaller now",
            "resize it to that first, or restore it as a new region");
      }
      regions.put(member.number(), region);
    }
    return regions;
  }

  private MemoryException refused(String reason, String nextStep) {
    return MemoryException.of("restore", group.name(), reason, nextStep);
  }
}
