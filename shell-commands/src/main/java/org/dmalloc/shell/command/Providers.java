/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dmalloc.api.Capability;
import org.dmalloc.api.ManagedRegionInfo;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMover;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** The memory providers that the container has now, best first. Safe for any thread. */
public final class Providers {
  private static final Comparator<Ranked> ORDER =
      Comparator.comparingInt(Ranked::ranking).reversed().thenComparingLong(Ranked::serviceId);

  private final CopyOnWriteArrayList<Ranked> ranked = new CopyOnWriteArrayList<>();

  /**
   * A provider with its place among the others.
   *
   * @param provider the provider
   * @param ranking its service ranking; higher is better
   * @param serviceId the number of its service; of equals, the lower is better
   */
  public record Ranked(MemoryProvider provider, int ranking, long serviceId) {}

  private volatile @Nullable RegionMover mover;

  /** Takes the service that moves regions, or null when it has gone. */
  public void mover(@Nullable RegionMover newMover) {
    mover = newMover;
  }

  /**
   * The service that moves regions.
   *
   * @throws UsageException if there is none
   */
  public RegionMover mover() {
    RegionMover now = mover;
    if (now == null) {
      throw new UsageException(
          "no region can move here; start the bundle org.dmalloc.manager and allocate with '-b managed'");
    }
    return now;
  }

  /** What is known of a region that can move; empty for all others. */
  public Optional<ManagedRegionInfo> managed(long regionId) {
    RegionMover now = mover;
    return now == null ? Optional.empty() : now.managed(regionId);
  }

  /** Adds a provider, or gives one a new place. */
  public synchronized void put(MemoryProvider provider, int ranking, long serviceId) {
    remove(serviceId);
    ranked.add(new Ranked(provider, ranking, serviceId));
    ranked.sort(ORDER);
  }

  /** Forgets the provider of a service. */
  public synchronized void remove(long serviceId) {
    ranked.removeIf(r -> r.serviceId() == serviceId);
  }

  /** All providers with their places, best first. */
  public List<Ranked> ranked() {
    return List.copyOf(ranked);
  }

  /** All providers, best first. */
  public List<MemoryProvider> all() {
    return ranked.stream().map(Ranked::provider).toList();
  }

  /** The names of all providers, best first. */
  public List<String> names() {
    return ranked.stream().map(r -> r.provider().name()).toList();
  }

  /** The providers with a capability, best first. */
  public List<MemoryProvider> with(Capability capability) {
    return all().stream().filter(p -> p.capabilities().contains(capability)).toList();
  }

  /** The provider of the given name. */
  public Optional<MemoryProvider> find(String name) {
    return all().stream().filter(p -> p.name().equals(name)).findFirst();
  }

  /**
   * The provider of the given name, or the best one for no name.
   *
   * @throws UsageException if there is none; the message lists those there are
   */
  public MemoryProvider choose(@Nullable String name) {
    List<MemoryProvider> all = all();
    if (all.isEmpty()) {
      throw new UsageException("no backend is running; start a backend bundle");
    }
    return name == null
        ? all.getFirst()
        : find(name).orElseThrow(() -> Words.unknown("backend", name, names()));
  }

  /**
   * The open regions of all providers, in the order of their ids. The backend's region below a
   * movable one is left out: it is the same memory, and not the user's to close.
   */
  public List<MemoryRegion> regions() {
    RegionMover now = mover;
    Set<Long> inner =
        now == null
            ? Set.of()
            : now.managed().stream().map(ManagedRegionInfo::innerId).collect(Collectors.toSet());
    return all().stream()
        .flatMap(p -> regionsOf(p))
        .filter(region -> !inner.contains(region.id()))
        .sorted(Comparator.comparingLong(MemoryRegion::id))
        .toList();
  }

  private static Stream<MemoryRegion> regionsOf(MemoryProvider provider) {
    return provider.regions().stream();
  }
}
