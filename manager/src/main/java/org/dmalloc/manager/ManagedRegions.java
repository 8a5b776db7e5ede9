/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.api.backing.RegionIds;
import org.jspecify.annotations.Nullable;

/**
 * The backends that are present, the regions on them, and the making of new ones. Safe for use by
 * any number of threads.
 */
final class ManagedRegions {
  static final String NAME = "managed";

  /** ENOENT, on every system. */
  private static final int NO_SUCH_FILE = 2;

  private static final Logger LOG = System.getLogger(ManagedRegions.class.getName());

  private final CopyOnWriteArrayList<Backend> backends = new CopyOnWriteArrayList<>();
  private final Accounts accounts;
  private final Moves moves;
  private final ManagedGroups groups = new ManagedGroups(this::sectionTimeoutNanos);
  private volatile Settings settings;
  private volatile boolean stopped;
  private volatile Set<Capability> capabilities = Set.of();

  ManagedRegions(Settings settings, Step.Probe probe) {
    this.settings = settings;
    this.accounts = new Accounts(() -> this.settings.quotas());
    this.moves = new Moves(this, probe);
  }

  Settings settings() {
    return settings;
  }

  void settings(Settings next) {
    settings = next;
  }

  Accounts accounts() {
    return accounts;
  }

  Moves moves() {
    return moves;
  }

  ManagedGroups groups() {
    return groups;
  }

  long sectionTimeoutNanos() {
    return settings.sectionTimeout().toNanos();
  }

  /** Refuses new regions and moves; open regions stay usable. */
  void stop() {
    stopped = true;
    accounts.regions().forEach(this::orphan);
  }

  /** Lists a region that this manager, which has stopped, lists no more. */
  private void orphan(ManagedRegion region) {
    OrphanedRegions.add(region);
    if (region.hasEnded()) {
      OrphanedRegions.remove(region); // closed meanwhile
    }
  }

  boolean stopped() {
    return stopped;
  }

  void checkRunning() {
    if (stopped) {
      throw new IllegalStateException(
          "backend managed is stopped; use another provider or start its bundle");
    }
  }

  // --- backends ---

  /** The backends that are present, the best first. */
  List<Backend> backends() {
    return backends.stream().sorted(Backend.BEST_FIRST).toList();
  }

  boolean present(Backend backend) {
    return backends.contains(backend);
  }

  /** The backend of a name; an {@link IllegalArgumentException} if several have it. */
  Optional<Backend> backend(String name) {
    List<Backend> same = backends().stream().filter(b -> b.name().equals(name)).toList();
    if (same.size() > 1) {
      throw new IllegalArgumentException(
          same.size()
              + " backends are named "
              + name
              + "; configure each with a dmalloc.backend of its own");
    }
    return same.stream().findFirst();
  }

  void arrived(Backend backend) {
    backends.add(backend);
    combine();
  }

  /** A backend goes: takes its regions elsewhere, within the configured time. */
  void leaving(MemoryProvider provider) {
    for (Backend backend : backends) {
      if (backend.provider().equals(provider)) {
        backends.remove(backend);
        combine();
        if (!stopped) {
          new Evacuation(this, backend).run();
        }
      }
    }
  }

  Set<Capability> capabilities() {
    return capabilities;
  }

  private synchronized void combine() {
    EnumSet<Capability> all = EnumSet.noneOf(Capability.class);
    backends.forEach(backend -> all.addAll(backend.capabilities()));
    capabilities = Collections.unmodifiableSet(all);
  }

  Set<Advice> supportedAdvice() {
    return union(Advice.class, backends.stream().map(Backend::supportedAdvice).toList());
  }

  private static <E extends Enum<E>> Set<E> union(Class<E> type, List<Set<E>> sets) {
    EnumSet<E> all = EnumSet.noneOf(type);
    sets.forEach(all::addAll);
    return Collections.unmodifiableSet(all);
  }

  /** What to throw where a region lacks a capability; says on which backends it would have it. */
  UnsupportedCapabilityException lacking(
      ManagedRegion region, Backend here, Capability capability) {
    if (!capabilities().contains(capability)) {
      return new UnsupportedCapabilityException(NAME, capability); // no matter where it lies
    }
    List<String> able =
        candidates(region).stream()
            .filter(backend -> backend.capabilities().contains(capability))
            .map(Backend::name)
            .toList();
    String nextStep =
        stopped || able.isEmpty()
            ? "no backend here that could hold it has it"
            : String.format(
                Locale.ROOT,
                "move it to one that has it: hotswap %d %s%s",
                region.id(),
                able.getFirst(),
                able.size() == 1 ? "" : ", or " + String.join(", ", able.subList(1, able.size())));
    return new UnsupportedCapabilityException(
        here.name(),
        capability,
        String.format(
            Locale.ROOT,
            "%s lies on backend %s, which lacks %s; %s",
            region,
            here.name(),
            capability,
            nextStep));
  }

  /** Throws unless the region's conditions hold on a backend that it is to move to. */
  void requireFor(ManagedRegion region, Backend target) {
    Optional<Capability> lacks = region.asked().missingOn(target.capabilities());
    if (lacks.isEmpty()) {
      return;
    }
    Capability missing = lacks.get();
    List<String> able =
        candidates(region).stream()
            .filter(backend -> !backend.equals(region.placement().backend()))
            .map(Backend::name)
            .toList();
    throw new UnsupportedCapabilityException(
        target.name(),
        missing,
        String.format(
            Locale.ROOT,
            "move of %s to %s: backend %s lacks %s, which %s for the region's whole life; %s",
            region,
            target.name(),
            target.name(),
            missing,
            region.asked().required().contains(missing)
                ? "its request requires"
                : "its request needs",
            able.isEmpty()
                ? "no other backend here can hold it"
                : "it can move to " + String.join(", ", able)));
  }

  // --- regions ---

  ManagedRegion allocate(RegionRequest request, String bundle) throws MemoryException {
    return make(
        new Creation(
            "allocate",
            RegionIds.next(),
            new Accounts.Payer(bundle, request.owner()),
            request.name() == null ? "" : request.name(),
            request.byteSize(),
            Requirements.of(request),
            (backend, id) -> backend.allocate(request.with(belowUsers(request.options())), id),
            region -> RequestedAttributes.of(request)),
        sharedByToken(RequestedAttributes.of(request)) ? withoutStores() : backends());
  }

  /** Memory in a file is shared by its name; what has none is shared by a token. */
  private static boolean sharedByToken(RequestedAttributes asked) {
    return asked.processShared() && asked.name() == null;
  }

  private List<Backend> withoutStores() {
    List<Backend> without = backends().stream().filter(ManagedRegions::hasNoStore).toList();
    return without.isEmpty() ? backends() : without;
  }

  private static boolean hasNoStore(Backend backend) {
    return !backend.capabilities().contains(Capability.NAMED);
  }

  /** What a backend is asked for: growth by itself and sections are the managed region's. */
  private static RegionOptions belowUsers(RegionOptions options) {
    return options.withAutogrowth(Autogrowth.NONE).withCheckedSections(false);
  }

  /** Opens it on the best backend; if that has none of the name, on one whose store has it. */
  ManagedRegion open(OpenRequest request, String bundle) throws MemoryException {
    try {
      return open(request, bundle, backends());
    } catch (UnsupportedCapabilityException e) {
      List<Backend> able = with(Capability.CHECKPOINT);
      if (e.capability() != Capability.CHECKPOINT || able.isEmpty()) {
        throw e;
      }
      return open(request, bundle, able); // it is checkpointed, which the best one cannot do
    } catch (MemoryException e) {
      boolean elsewhere = e.errno() == NO_SUCH_FILE && request.directory() == null;
      List<Backend> holders =
          elsewhere ? List.copyOf(holders(request.name(), null).values()) : List.<Backend>of();
      if (holders.isEmpty()) {
        throw e;
      }
      try {
        return open(request, bundle, holders);
      } catch (MemoryException again) {
        again.addSuppressed(e);
        throw again;
      }
    }
  }

  private List<Backend> with(Capability capability) {
    return backends().stream()
        .filter(backend -> backend.capabilities().contains(capability))
        .toList();
  }

  private ManagedRegion open(OpenRequest request, String bundle, List<Backend> among)
      throws MemoryException {
    return make(
        new Creation(
            "open",
            RegionIds.next(),
            new Accounts.Payer(bundle, request.owner()),
            request.name(),
            0,
            Requirements.of(request),
            (backend, id) -> backend.open(request.with(belowUsers(request.options())), id),
            region -> RequestedAttributes.of(request, region.byteSize())),
        among);
  }

  /** Attaches a region of another process on the backend whose token it is. */
  ManagedRegion attach(String token, RegionOptions options, String bundle) throws MemoryException {
    RegionOptions shared = options.withProcessShared(true);
    Creation creation =
        new Creation(
            "attach",
            RegionIds.next(),
            new Accounts.Payer(bundle, shared.owner()),
            "",
            0,
            Requirements.of(false, shared),
            (backend, id) -> backend.attach(token, belowUsers(shared), id),
            region -> RequestedAttributes.attached(shared, region.byteSize()));
    List<Backend> able = with(Capability.PROCESS_SHARED);
    IllegalArgumentException notIts = null;
    for (Backend backend : able) {
      try {
        return make(creation, List.of(backend));
      } catch (UnsupportedCapabilityException e) {
        if (e.capability() != Capability.PROCESS_SHARED) {
          throw e;
        }
        // It shares regions with a name alone.
      } catch (IllegalArgumentException e) {
        notIts = e;
      }
    }
    if (notIts != null) {
      throw notIts;
    }
    throw new UnsupportedCapabilityException(NAME, Capability.PROCESS_SHARED);
  }

  /** A file of a stored region, and the best backend that has it in its store. */
  record Stored(StoredRegion region, Backend backend) {}

  /** The backends that have stores, the best first; with a directory those that take one. */
  List<Backend> withStores(@Nullable Path directory) {
    return backends().stream()
        .filter(backend -> backend.capabilities().contains(Capability.NAMED))
        .filter(
            backend -> directory == null || backend.capabilities().contains(Capability.DIRECTORY))
        .toList();
  }

  /**
   * The stored regions of all backends by the paths of their files.
   *
   * @param directory null for the stores' own
   */
  Map<String, Stored> stored(@Nullable Path directory) throws MemoryException {
    Map<String, Stored> byPath = new TreeMap<>();
    for (Backend backend : withStores(directory)) {
      for (StoredRegion region : backend.stored(directory)) {
        byPath.putIfAbsent(path(region), new Stored(region, backend));
      }
    }
    return byPath;
  }

  private static String path(StoredRegion region) {
    return region.path().toAbsolutePath().normalize().toString();
  }

  /** For each file of a stored region of that name, by its path: the best backend that has it. */
  Map<String, Backend> holders(String name, @Nullable Path directory) throws MemoryException {
    Map<String, Backend> holders = new TreeMap<>();
    for (Backend backend : withStores(directory)) {
      backend
          .stored(name, directory)
          .ifPresent(region -> holders.putIfAbsent(path(region), backend));
    }
    return holders;
  }

  @FunctionalInterface
  private interface Maker {
    MemoryRegion on(Backend backend, long id) throws MemoryException;
  }

  /**
   * A region that is to be made.
   *
   * @param operation what was called, for messages
   * @param id its number, and that of the backend's region below it
   * @param payer whose limits it counts against
   * @param target its name in the store, for messages; may be empty
   * @param byteSize its size; 0 if its backend tells that
   */
  private record Creation(
      String operation,
      long id,
      Accounts.Payer payer,
      String target,
      long byteSize,
      Set<Capability> needed,
      Maker maker,
      Function<MemoryRegion, RequestedAttributes> asked) {}

  private ManagedRegion make(Creation creation, List<Backend> among) throws MemoryException {
    Backend backend;
    try {
      checkRunning();
      backend = choose(creation, among);
    } catch (MemoryException | RuntimeException e) {
      accounts.failed();
      throw e;
    }
    ManagedRegion made =
        accounts.admit(
            creation.operation,
            creation.byteSize,
            creation.payer,
            creation.target,
            () -> place(creation, backend));
    if (stopped) {
      orphan(made); // stopped meanwhile, and may not have seen this one
    }
    if (!present(backend)) {
      // It left after it was chosen, and its evacuation may not have seen this region.
      new Evacuation(this, backend).run();
    }
    return made;
  }

  private ManagedRegion place(Creation creation, Backend backend) throws MemoryException {
    MemoryRegion inner = creation.maker.on(backend, creation.id);
    long more = inner.byteSize() - creation.byteSize;
    boolean booked = false;
    try {
      // An opened region tells its size only now; a region's close takes its whole size back.
      accounts.book(creation.operation, more, 0, creation.payer, creation.target);
      booked = true;
      RequestedAttributes asked = creation.asked.apply(inner);
      Placement placement = new Placement(backend, inner);
      ManagedGroup group = groups.of(inner, asked.checkpoints());
      if (group == null) {
        return new ManagedRegion(this, creation.id, creation.payer, asked, placement, null);
      }
      ManagedRegion made =
          new ManagedRegion(
              this,
              creation.id,
              creation.payer,
              asked.checkpointed(asked.checkpoints()), // an opened one stays it wherever it goes
              placement,
              group);
      groups.join(group, made);
      return made;
    } catch (MemoryException | RuntimeException | Error e) {
      if (booked) {
        accounts.release(more, 0, creation.payer);
      }
      inner.close();
      throw e;
    }
  }

  /** The best backend that can do all that is asked. */
  private Backend choose(Creation creation, List<Backend> among) throws MemoryException {
    String operation = creation.operation;
    String target = creation.target;
    Set<Capability> needed = creation.needed;
    if (among.isEmpty()) {
      throw MemoryException.of(
          operation, target, "no backend is present", "start a backend's bundle");
    }
    Requirements.missing(needed, capabilities())
        .ifPresent(
            missing -> {
              throw new UnsupportedCapabilityException(NAME, missing);
            });
    Map<String, Capability> lacking = new LinkedHashMap<>();
    for (Backend backend : among) {
      Set<Capability> there = backend.capabilities();
      Optional<Capability> missing = Requirements.missing(needed, there);
      if (missing.isPresent()) {
        lacking.put(backend.name(), missing.get());
      } else if (!there.isEmpty()) { // else it breaks its contract: there is none without any
        return backend;
      }
    }
    if (lacking.isEmpty()) {
      throw MemoryException.of(
          operation, target, "no backend says what it can do", "start another backend's bundle");
    }
    throw new UnsupportedCapabilityException(
        NAME,
        lacking.values().iterator().next(),
        String.format(
            Locale.ROOT,
            "%s%s: no backend here has all that is asked: %s; ask for less",
            operation,
            target.isEmpty() ? "" : " '" + target + "'",
            inWords(lacking)));
  }

  private static String inWords(Map<String, Capability> lacking) {
    return lacking.entrySet().stream()
        .map(each -> each.getKey() + " lacks " + each.getValue())
        .collect(Collectors.joining(", "));
  }

  /** Which of the region's conditions the backends here do not meet, in words. */
  String whyNoneCanHold(ManagedRegion region) {
    Map<String, Capability> lacking = new LinkedHashMap<>();
    for (Backend backend : backends()) {
      region
          .asked()
          .missingOn(backend.capabilities())
          .ifPresent(missing -> lacking.put(backend.name(), missing));
    }
    return lacking.isEmpty()
        ? "no other backend here can hold it"
        : "no other backend here can hold it, " + inWords(lacking);
  }

  /** Backends that can hold the region, the best first. */
  List<Backend> candidates(ManagedRegion region) {
    return backends().stream()
        .filter(backend -> !backend.capabilities().isEmpty())
        .filter(backend -> region.asked().missingOn(backend.capabilities()).isEmpty())
        .filter(backend -> !sharedByToken(region.asked()) || hasNoStore(backend))
        .toList();
  }

  /**
   * Backends that can take the region from one that is gone, the best first. A stored region stays
   * in its store: only a backend of the same store may carry it.
   */
  List<Backend> refuges(ManagedRegion region) {
    RequestedAttributes asked = region.asked();
    String name = asked.name();
    if (!asked.stored() || name == null) {
      return candidates(region);
    }
    return candidates(region).stream()
        .filter(
            backend -> {
              try {
                return RemappingMigration.serves(region.placement(), asked, name, backend);
              } catch (MemoryException e) {
                LOG.log(Level.DEBUG, "store of {0}: {1}", backend.name(), e.getMessage());
                return false;
              }
            })
        .toList();
  }

  String backendNames() {
    return backends.isEmpty()
        ? "none"
        : backends.stream()
            .map(Backend::name)
            .sorted(Comparator.naturalOrder())
            .collect(Collectors.joining(", "));
  }
}
