/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.CheckpointLog;
import org.jspecify.annotations.Nullable;

/** The checkpointed groups of which a managed region is open. */
final class ManagedGroups {
  private final LongSupplier timeoutNanos;

  /** By what tells the backend's group from others; guarded by this. */
  private final Map<Object, ManagedGroup> groups = new HashMap<>();

  ManagedGroups(LongSupplier timeoutNanos) {
    this.timeoutNanos = timeoutNanos;
  }

  /** A journal in a directory: a copy of a store has the same ids. */
  private record Key(UUID journal, @Nullable Path directory) {}

  private static Object key(MemoryRegion backends, CheckpointGroup group) {
    Path file = backends.info().path();
    return group instanceof CheckpointLog log
        ? new Key(log.id(), file == null ? null : file.toAbsolutePath().normalize().getParent())
        : group;
  }

  /** The group that a region on this backend's is to join; null if it is not checkpointed. */
  synchronized @Nullable ManagedGroup of(MemoryRegion backends, CheckpointOptions options) {
    if (backends.info().durability() != Durability.CHECKPOINT) {
      return null;
    }
    CheckpointGroup there = backends.checkpoints();
    return groups.computeIfAbsent(
        key(backends, there), key -> new ManagedGroup(there, options, timeoutNanos));
  }

  /** Takes a region in, if its group is still the one that it was made for. */
  synchronized void join(ManagedGroup group, ManagedRegion region) {
    group.add(region);
    groups.putIfAbsent(key(region.placement().region(), group.now()), group);
  }

  /** Takes note that a group has another journal. */
  synchronized void moved(ManagedGroup group, ManagedRegion region) {
    groups.values().remove(group);
    groups.put(key(region.placement().region(), group.now()), group);
  }

  /** Lets a region go that has ended. */
  synchronized void leave(ManagedGroup group, ManagedRegion region) {
    if (group.remove(region)) {
      groups.values().remove(group);
    }
  }
}
