/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.api.move.LeakedRegion;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/**
 * The memory providers that the container has now, best first. Safe for any thread.
 *
 * <p>They are called by their names. Where two have the same name, each is called {@code
 * NAME#SERVICE}, with the number of its service, in listings and by the user.
 */
public final class Providers {
  private final CopyOnWriteArrayList<Backend> backends = new CopyOnWriteArrayList<>();

  private volatile Supplier<@Nullable RegionMover> mover = () -> null;
  private volatile Supplier<List<FailedStart>> failedStarts = List::of;

  /**
   * A backend that is no service, because it did not start.
   *
   * @param ranking the service ranking that it would have
   * @param stores whether it would have a store
   */
  public record FailedStart(String backend, String reason, int ranking, boolean stores) {
    /** In a sentence about stores. */
    public String message() {
      return "backend " + backend + " did not start, and its store was not read: " + reason;
    }
  }

  /** Takes what tells the backends that did not start. */
  public void failedStarts(Supplier<List<FailedStart>> source) {
    failedStarts = source;
  }

  /** The backends with a store that did not start, as far as the container tells. */
  public List<FailedStart> unseenStores() {
    return failedStarts.get().stream().filter(FailedStart::stores).toList();
  }

  /** What did not start and would have been taken in place of where a region lies, a line each. */
  public List<String> passedOver(RegionInfo info) {
    String place = place(info);
    int taken =
        backends.stream()
            .filter(b -> b.name().equals(place))
            .findFirst()
            .map(Backend::ranking)
            .orElse(Integer.MAX_VALUE);
    return failedStarts.get().stream()
        .filter(failed -> failed.ranking() > taken)
        .filter(failed -> failed.stores() || info.name() == null)
        .map(
            failed ->
                ("backend " + failed.backend() + " did not start, and " + place)
                    + (" was taken in its place: " + failed.reason()))
        .toList();
  }

  /** Takes what tells the service that moves regions; null while there is none. */
  public void mover(Supplier<@Nullable RegionMover> source) {
    mover = source;
  }

  /**
   * The service that moves regions.
   *
   * @throws UsageException if there is none
   */
  public RegionMover mover() {
    return present()
        .orElseThrow(
            () ->
                new UsageException(
                    "no region can move here; start the bundle org.dmalloc.manager and allocate"
                        + " with '-b managed'"));
  }

  private Optional<RegionMover> present() {
    return Optional.ofNullable(mover.get());
  }

  /** What is known of a region that can move; empty for all others. */
  public Optional<ManagedRegionInfo> managed(long regionId) {
    return present().flatMap(found -> found.managed(regionId));
  }

  /** The name of the backend that a region lies on, also of one that can move. */
  public String place(RegionInfo info) {
    return managed(info.id()).map(ManagedRegionInfo::backend).orElse(info.backend());
  }

  /** Whether a region is a backend's, or lies on it for the time being. */
  public boolean isOn(Backend backend, Backend.Open open) {
    return backend.equals(open.backend())
        || (open.backend() == null && backend.name().equals(open.info().backend()))
        || managed(open.info().id())
            .filter(managed -> managed.backend().equals(backend.name()))
            .isPresent();
  }

  /** Adds a provider, or gives one a new place. */
  public synchronized void put(MemoryProvider provider, Backend.Service service) {
    remove(service.id());
    backends.add(new Backend(provider, service));
    backends.sort(Backend.BEST_FIRST);
  }

  public synchronized void remove(long serviceId) {
    backends.removeIf(b -> b.serviceId() == serviceId);
  }

  public List<Backend> all() {
    return List.copyOf(backends);
  }

  /** What all providers are called, best first. */
  public List<String> names() {
    return backends.stream().map(this::name).toList();
  }

  /** What a provider is called: its name, with the number of its service if others have it too. */
  public String name(Backend backend) {
    return named(backend.name()).size() < 2
        ? backend.name()
        : backend.name() + "#" + backend.serviceId();
  }

  /** The provider of a service; empty if it has gone, or is not known yet. */
  public Optional<Backend> ofService(long serviceId) {
    return backends.stream().filter(b -> b.serviceId() == serviceId).findFirst();
  }

  private List<Backend> named(String name) {
    return backends.stream().filter(b -> b.name().equals(name)).toList();
  }

  /**
   * The providers with a capability, best first.
   *
   * @param faults told of each provider that does not say
   */
  public List<Backend> with(Capability capability, Consumer<? super ProviderFault> faults) {
    List<Backend> able = new ArrayList<>();
    for (Backend backend : backends) {
      try {
        if (backend.capabilities().contains(capability)) {
          able.add(backend);
        }
      } catch (ProviderFault e) {
        faults.accept(e);
      }
    }
    return able;
  }

  /** What the stores of some backends have; {@code refusals} is told of each that cannot say. */
  public List<Backend.Stored> stored(List<Backend> those, Consumer<? super Exception> refusals) {
    List<Backend.Stored> stored = new ArrayList<>();
    for (Backend backend : those) {
      try {
        stored.addAll(storedBy(backend));
      } catch (ProviderFault | MemoryException e) {
        refusals.accept(e);
      }
    }
    return stored;
  }

  /** What the stores of all backends have. */
  public List<Backend.Stored> stored(Consumer<? super Exception> refusals) {
    return stored(with(Capability.NAMED, refusals), refusals);
  }

  private static List<Backend.Stored> storedBy(Backend backend) throws MemoryException {
    return backend.stored().stream().map(region -> new Backend.Stored(backend, region)).toList();
  }

  /**
   * What the store of the backend that is called so has, or for no name those of all backends.
   *
   * @param refusals told of each that cannot be asked, if all are
   * @throws UsageException if there is none of the name, or it has no store
   */
  public List<Backend.Stored> stored(@Nullable String name, Consumer<? super Exception> refusals)
      throws MemoryException {
    return name == null ? stored(refusals) : storedBy(chooseWithStore(name));
  }

  private UsageException ambiguous(String name, List<Backend> same, String nextStep) {
    return UsageException.of(
        "%d backends are named '%s': %s; %s, or configure each with a dmalloc.backend of its own",
        same.size(),
        name,
        same.stream()
            .map(b -> name(b) + " from " + b.description())
            .collect(Collectors.joining(", ")),
        nextStep);
  }

  /**
   * The provider that is called so, or the best one for no name.
   *
   * @throws UsageException if there is none; the message lists those there are
   */
  public Backend choose(@Nullable String name) {
    List<Backend> all = all();
    if (all.isEmpty()) {
      throw new UsageException("no backend is running; start a backend bundle");
    }
    if (name == null) {
      return all.getFirst();
    }
    List<Backend> same = named(name);
    if (same.size() > 1) {
      throw ambiguous(name, same, "give one of these");
    }
    return all.stream()
        .filter(backend -> name(backend).equals(name))
        .findFirst()
        .orElseThrow(() -> Words.unknown("backend", name, names()));
  }

  /**
   * The provider that is called so; for no name the best that can do all, or the best.
   *
   * @param faults told of each better provider that does not say what it can do
   */
  public Backend choose(
      @Nullable String name, Set<Capability> needed, Consumer<? super ProviderFault> faults) {
    if (name == null && !needed.isEmpty()) {
      for (Backend backend : backends) {
        try {
          if (backend.capabilities().containsAll(needed)) {
            return backend;
          }
        } catch (ProviderFault e) {
          faults.accept(e);
        }
      }
    }
    return choose(name);
  }

  /**
   * The provider with a store that is called so.
   *
   * @throws UsageException if there is none, or it has no store; the message lists those that have
   *     one
   */
  private Backend chooseWithStore(String name) {
    Backend chosen = choose(name);
    if (!chosen.capabilities().contains(Capability.NAMED)) {
      throw UsageException.of(
          "backend %s has no store; these have one: %s",
          name(chosen), String.join(", ", namesWith(Capability.NAMED)));
    }
    return chosen;
  }

  /** What the providers with a capability are called; without those that do not say. */
  List<String> namesWith(Capability capability) {
    return with(capability, fault -> {}).stream().map(this::name).toList();
  }

  /**
   * The name of the provider that is called so, for the mover, which knows them by name alone.
   *
   * @throws UsageException if there is none, or two have the name
   */
  public String nameForMover(String name) {
    Backend chosen = choose(name);
    List<Backend> same = named(chosen.name());
    if (same.size() > 1) {
      throw ambiguous(chosen.name(), same, "regions go to a backend by its name alone");
    }
    return chosen.name();
  }

  /**
   * The open regions of all providers that answer, and of those that have stopped, in the order of
   * their ids. The backends' regions below a movable one are left out: it is the same memory, and
   * not the user's to close.
   *
   * @param faults told of each provider that does not answer
   */
  public List<Backend.Open> regions(Consumer<? super ProviderFault> faults) {
    List<Backend.Open> regions = new ArrayList<>();
    for (Backend backend : backends) {
      try {
        regions.addAll(backend.openRegions());
      } catch (ProviderFault e) {
        faults.accept(e);
      }
    }
    // Asked for after the backends: what one of them lists by now, the mover knows.
    Set<Long> carried =
        present().stream()
            .flatMap(found -> found.managed().stream())
            .flatMap(info -> info.carried().stream())
            .collect(Collectors.toSet());
    regions.removeIf(open -> carried.contains(open.info().id()));
    Set<Long> listed = regions.stream().map(open -> open.info().id()).collect(Collectors.toSet());
    for (OrphanedRegions.Orphan orphan : OrphanedRegions.list()) {
      if (!listed.contains(orphan.region().id())) { // stopped just now
        orphan(orphan, faults).ifPresent(regions::add);
      }
    }
    regions.sort(Comparator.comparingLong(open -> open.info().id()));
    return List.copyOf(regions);
  }

  private static Optional<Backend.Open> orphan(
      OrphanedRegions.Orphan orphan, Consumer<? super ProviderFault> faults) {
    try {
      return Optional.of(
          new Backend.Open(null, orphan.region(), orphan.region().info(), orphan.since()));
    } catch (RuntimeException | LinkageError e) {
      String subject = "region " + orphan.region().id() + " of a stopped backend";
      faults.accept(new ProviderFault(subject, "info(): " + e, e));
      return Optional.empty();
    }
  }

  /** Since when the provider of an open region has been stopped; empty if it has not. */
  public static Optional<Instant> orphanedSince(long regionId) {
    return OrphanedRegions.list().stream()
        .filter(each -> each.region().id() == regionId)
        .map(OrphanedRegions.Orphan::since)
        .findFirst();
  }

  /** The number of the region that has a file open and whose provider has been stopped, if any. */
  public static Optional<Long> orphanOn(String file) {
    return OrphanedRegions.list().stream()
        .map(OrphanedRegions.Orphan::region)
        .filter(region -> file.equals(String.valueOf(region.info().path())))
        .map(MemoryRegion::id)
        .findFirst();
  }

  /** What bundles left open when they stopped, as far as a manager is there to see it. */
  public List<LeakedRegion> leaks() {
    return present().map(RegionMover::leaks).orElse(List.of());
  }
}
