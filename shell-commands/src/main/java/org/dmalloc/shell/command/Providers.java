/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.nio.file.Path;
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
import org.dmalloc.api.ResourceLimits;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.api.move.LeakedRegion;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/**
 * The current memory providers of the container, best first. Safe for any thread.
 *
 * <p>Their names identify them. Providers of the same name are called {@code NAME#SERVICE}, with
 * the number of the service, in listings and by the user.
 */
public final class Providers {
  private final CopyOnWriteArrayList<Backend> backends = new CopyOnWriteArrayList<>();
  private final CopyOnWriteArrayList<RegionWatcher> watchers = new CopyOnWriteArrayList<>();

  private volatile Supplier<@Nullable RegionMover> mover = () -> null;
  private volatile Supplier<List<FailedStart>> failedStarts = List::of;
  private volatile Supplier<@Nullable ResourceLimits> limits = () -> null;

  /**
   * A backend that did not start and so is no service.
   *
   * @param ranking the service ranking that it would have
   * @param stores whether it would have a store
   */
  public record FailedStart(String backend, String reason, int ranking, boolean stores) {
    public String message() {
      return "backend " + backend + " did not start, and its store was not read: " + reason;
    }
  }

  /** Sets the source of the backends that did not start. */
  public void failedStarts(Supplier<List<FailedStart>> source) {
    failedStarts = source;
  }

  /** The backends with a store that did not start, as far as the container reports them. */
  public List<FailedStart> unseenStores() {
    return failedStarts.get().stream().filter(FailedStart::stores).toList();
  }

  /** A line for each backend that did not start and would have been chosen over the region's. */
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

  /** Tells a watcher from now on what commands do to regions. */
  public void watch(RegionWatcher watcher) {
    watchers.addIfAbsent(watcher);
  }

  public void unwatch(RegionWatcher watcher) {
    watchers.remove(watcher);
  }

  /** Those who are told what commands do to regions. */
  public List<RegionWatcher> watchers() {
    return List.copyOf(watchers);
  }

  /** Sets the source of the service of limits, which gives null while there is none. */
  public void limits(Supplier<@Nullable ResourceLimits> source) {
    limits = source;
  }

  /** The service of limits; {@link UsageException} if there is none. */
  public ResourceLimits limits() {
    return Optional.ofNullable(limits.get())
        .orElseThrow(
            () ->
                new UsageException(
                    "the service of limits is not here; start the bundle org.dmalloc.manager"));
  }

  /** Sets the source of the service that moves regions, which gives null while there is none. */
  public void mover(Supplier<@Nullable RegionMover> source) {
    mover = source;
  }

  /** The service that moves regions; {@link UsageException} if there is none. */
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

  /** The manager's data of a region that can move; empty for all others. */
  public Optional<ManagedRegionInfo> managed(long regionId) {
    return present().flatMap(found -> found.managed(regionId));
  }

  /** The name of the backend that holds a region, also of one that can move. */
  public String place(RegionInfo info) {
    return managed(info.id()).map(ManagedRegionInfo::backend).orElse(info.backend());
  }

  /** Whether a backend owns a region, or currently holds it. */
  public boolean isOn(Backend backend, Backend.Open open) {
    return backend.equals(open.backend())
        || (open.backend() == null && backend.name().equals(open.info().backend()))
        || managed(open.info().id())
            .filter(managed -> managed.backend().equals(backend.name()))
            .isPresent();
  }

  /** Adds a provider, or changes its place. */
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

  /** The names of all providers, best first. */
  public List<String> names() {
    return backends.stream().map(this::name).toList();
  }

  /** A provider's name, with the number of its service if others have the same name. */
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
   * The providers with a capability, best first; {@code faults} receives those that do not answer.
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

  /** The regions in some backends' stores; {@code refusals} receives the failures. */
  public List<Backend.Stored> stored(List<Backend> those, Consumer<? super Exception> refusals) {
    return stored(those, null, refusals);
  }

  /**
   * The regions in some backends' stores, or in a directory; {@code refusals} receives the
   * failures.
   *
   * @param directory null for the stores' own
   */
  private static List<Backend.Stored> stored(
      List<Backend> those, @Nullable Path directory, Consumer<? super Exception> refusals) {
    List<Backend.Stored> stored = new ArrayList<>();
    for (Backend backend : those) {
      try {
        stored.addAll(storedBy(backend, directory));
      } catch (ProviderFault | MemoryException e) {
        refusals.accept(e);
      }
    }
    return stored;
  }

  /** The regions in the stores of all backends. */
  public List<Backend.Stored> stored(Consumer<? super Exception> refusals) {
    return stored(with(Capability.NAMED, refusals), null, refusals);
  }

  private static List<Backend.Stored> storedBy(Backend backend, @Nullable Path directory)
      throws MemoryException {
    return backend.stored(directory).stream()
        .map(region -> new Backend.Stored(backend, region))
        .toList();
  }

  /**
   * The regions in the store of the named backend, or for null of all backends.
   *
   * @param directory another than the stores' own; null for these
   * @param refusals receives the failures, if all are asked
   * @throws UsageException if no backend has the name, or it has no store
   */
  public List<Backend.Stored> stored(
      @Nullable String name, @Nullable Path directory, Consumer<? super Exception> refusals)
      throws MemoryException {
    if (name != null) {
      return storedBy(chooseWithStore(name), directory);
    }
    Capability needed = directory == null ? Capability.NAMED : Capability.DIRECTORY;
    List<Backend> able = new ArrayList<>(with(needed, refusals));
    able.retainAll(with(Capability.NAMED, fault -> {}));
    return stored(able, directory, refusals);
  }

  /** The named backend, which must have a store; for null all that have one. */
  public List<Backend> withStores(@Nullable String name, Consumer<? super ProviderFault> faults) {
    return name == null ? with(Capability.NAMED, faults) : List.of(chooseWithStore(name));
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
   * The named provider, or the best one for null; {@link UsageException} with the known names if
   * there is none.
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
   * The named provider; for null the best with all capabilities, or the best. {@code faults}
   * receives each better provider that does not answer.
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
   * The named provider with a store; else {@link UsageException} with the names of those that have
   * one.
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

  /** The names of the providers with a capability, without those that do not answer. */
  List<String> namesWith(Capability capability) {
    return with(capability, fault -> {}).stream().map(this::name).toList();
  }

  /**
   * The provider's name for the mover, which knows no numbers; {@link UsageException} if no
   * provider, or more than one, has it.
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
   * The open regions of all providers that answer, and of those that have stopped, by id. The
   * backend regions below a movable one are left out: they are the same memory, and not the user's
   * to close. {@code faults} receives each provider that does not answer.
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
    // Queried after the backends, so that the mover knows every region that they list.
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
          new Backend.Open(
              null,
              orphan.region(),
              orphan.region().info(),
              orphan.region().failure().orElse(null),
              orphan.since()));
    } catch (RuntimeException | LinkageError e) {
      String subject = "region " + orphan.region().id() + " of a stopped backend";
      faults.accept(new ProviderFault(subject, "info(): " + e, e));
      return Optional.empty();
    }
  }

  /** When the provider of an open region was stopped; empty if it runs. */
  public static Optional<Instant> orphanedSince(long regionId) {
    return OrphanedRegions.list().stream()
        .filter(each -> each.region().id() == regionId)
        .map(OrphanedRegions.Orphan::since)
        .findFirst();
  }

  /** The number of a region with an open file whose provider was stopped, if any. */
  public static Optional<Long> orphanOn(String file) {
    return OrphanedRegions.list().stream()
        .map(OrphanedRegions.Orphan::region)
        .filter(region -> file.equals(String.valueOf(region.info().path())))
        .map(MemoryRegion::id)
        .findFirst();
  }

  /** Regions that bundles left open when they stopped, if a manager recorded them. */
  public List<LeakedRegion> leaks() {
    return present().map(RegionMover::leaks).orElse(List.of());
  }
}
