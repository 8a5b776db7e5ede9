/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.MemberState;
import org.jspecify.annotations.Nullable;

/** Makes new regions of a checkpoint; they get their names when they are complete. */
final class NewRegions {
  private static final long MOST_PRIVATE_BYTES = 64L << 20;

  private final BackupStore store;
  private final Head head;
  private final long number;
  private final MemoryProvider provider;
  private final ProgressListener progress;
  private final Map<Integer, Filled> made = new HashMap<>();

  NewRegions(
      BackupStore store,
      Head head,
      long number,
      MemoryProvider provider,
      ProgressListener progress) {
    this.store = store;
    this.head = head;
    this.number = number;
    this.provider = provider;
    this.progress = progress;
  }

  /** A region on its way. */
  static final class Filled {
    private final MemberState member;
    private final MemoryRegion region;
    private final String name;
    private String nameNow;

    /** Stored since the last checkpoint; checkpointed regions hold that in RAM. */
    private long privateBytes;

    private final long mostPrivateBytes;

    /** Takes a region that shares the memory for changed pages with others of its group. */
    Filled(MemberState member, MemoryRegion region, String name, String nameNow, int members) {
      this.member = member;
      this.region = region;
      this.name = name;
      this.nameNow = nameNow;
      this.mostPrivateBytes =
          isCheckpointed()
              ? Math.min(MOST_PRIVATE_BYTES, region.checkpoints().status().privateBound() / 4)
                  / members
              : Long.MAX_VALUE;
    }

    MemoryRegion region() {
      return region;
    }

    /** The name that it is to have. */
    String name() {
      return name;
    }

    private boolean isCheckpointed() {
      return region.info().options().durability() == Durability.CHECKPOINT;
    }

    void write(long firstPage, ByteBuffer content) throws MemoryException {
      long offset = firstPage * SealedCheckpoint.PAGE_BYTES;
      CopiedRegions.store(region, offset, content, member.byteSize());
      privateBytes += content.remaining();
      if (privateBytes >= mostPrivateBytes) {
        region.checkpoint();
        privateBytes = 0;
      }
    }

    void finish() throws MemoryException {
      if (member.length() >= 0) {
        region.setLength(member.length());
      }
      if (isCheckpointed()) {
        region.checkpoint();
      } else if (region.info().capabilities().contains(Capability.FORCE)) {
        region.force();
      }
    }

    void giveName() throws MemoryException {
      region.rename(name);
      nameNow = name;
    }
  }

  /**
   * Makes them.
   *
   * @param names new ones by those at the checkpoint; empty for all, unchanged
   * @param given how; null for the default
   */
  List<MemoryRegion> make(Map<String, String> names, @Nullable RegionOptions given)
      throws MemoryException {
    return make(names, given, complete -> {});
  }

  /** Takes the regions, by their members' numbers, when they are complete and have no names yet. */
  @FunctionalInterface
  interface Complete {
    void take(Map<Integer, Filled> regions) throws MemoryException;
  }

  List<MemoryRegion> make(
      Map<String, String> names, @Nullable RegionOptions given, Complete complete)
      throws MemoryException {
    RegionOptions options = options(given, provider);
    PointRead read = new PointRead(store, head, number);
    List<MemberState> members = read.members();
    requireKnown(names, members);
    try {
      for (MemberState member : members) {
        String name = names.isEmpty() ? member.region() : names.get(member.region());
        if (name != null) {
          allocate(member, name, options, members.size());
        }
      }
      WatchedRead watched =
          new WatchedRead(
              "restore", head.group(), read.storedBytes(), "nothing was restored", progress);
      read.read(
          (member, firstPage, content) -> {
            Filled filled = made.get(member);
            if (filled != null) {
              filled.write(firstPage, content);
            }
          },
          watched);
      for (Filled filled : made.values()) {
        filled.finish();
      }
      complete.take(made);
      List<MemoryRegion> regions = new ArrayList<>();
      for (MemberState member : members) {
        Filled filled = made.get(member.number());
        if (filled != null) {
          filled.giveName();
          regions.add(filled.region);
        }
      }
      return regions;
    } catch (MemoryException | RuntimeException | Error e) {
      giveUp(e);
      throw e;
    }
  }

  /** What is given, or the default of a provider. */
  static RegionOptions options(@Nullable RegionOptions given, MemoryProvider provider) {
    if (given != null) {
      return given;
    }
    return provider.capabilities().contains(Capability.CHECKPOINT)
        ? RegionOptions.DEFAULT.withDurability(Durability.CHECKPOINT)
        : RegionOptions.DEFAULT;
  }

  private static void requireKnown(Map<String, String> names, List<MemberState> members) {
    List<String> known = members.stream().map(MemberState::region).toList();
    for (String name : names.keySet()) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "region '" + name + "' is not in the checkpoint; it has " + known);
      }
    }
  }

  private void allocate(MemberState member, String name, RegionOptions options, int members)
      throws MemoryException {
    if (provider.stored(name, options.directory()).isPresent()) {
      throw MemoryException.of(
          "restore", name, "there is a region of that name", "give another name for it");
    }
    String onTheWay =
        String.format(Locale.ROOT, "restoring-%08x", ThreadLocalRandom.current().nextInt());
    MemoryRegion region =
        provider.allocate(RegionRequest.ofSize(member.byteSize()).withName(onTheWay).with(options));
    made.put(member.number(), new Filled(member, region, name, onTheWay, members));
  }

  private void giveUp(Throwable reason) {
    for (Filled filled : made.values()) {
      try {
        filled.region.close();
        provider.delete(
            filled.nameNow,
            Deletion.DEFAULT.withDirectory(filled.region.info().options().directory()));
      } catch (MemoryException | UncheckedIOException e) {
        reason.addSuppressed(e);
      }
    }
  }
}
