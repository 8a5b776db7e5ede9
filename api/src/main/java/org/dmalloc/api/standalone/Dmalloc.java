/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.standalone;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.ResourceLimits;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.RegionMover;
import org.jspecify.annotations.Nullable;

/**
 * The providers of a program without OSGi. It finds those whose jars are on the class path or the
 * module path, and starts each when it is first asked for.
 *
 * {@snippet class="org.dmalloc.api.examples.StandaloneExamples" region="standalone"}
 *
 * <p><b>Settings</b> have the keys and values of the OSGi configuration, such as {@code directory}
 * or {@code limit.bytes}, and are checked when a provider starts. Those given to {@link #open(Map)}
 * hold for each provider that knows the key. Those given to {@link #start} hold for that instance
 * and come first. Without a {@code directory} the store is in the one that the system property
 * {@code dmalloc.directory} names, else in {@code $XDG_STATE_HOME/dmalloc}, else in {@code
 * ~/.local/state/dmalloc}.
 *
 * <p><b>Life.</b> Whoever allocates or opens a region closes it. {@link #close} stops the
 * providers: they refuse new calls, and regions that are open stay usable until their owners close
 * them. Several instances of this class can be open at once; they share nothing but what is one for
 * each JVM: the numbers of regions, and which stored regions are open.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 *
 * <p>In an OSGi container take the service {@link MemoryProvider} instead: this class finds nothing
 * there, because each bundle has a class loader of its own.
 */
public final class Dmalloc implements AutoCloseable {
  /** The provider whose regions move between the others. */
  public static final String MANAGED = "managed";

  /** A class of a jar that more than one backend needs, as the JVM names what is missing. */
  private static final Pattern SHARED = Pattern.compile("org/dmalloc/(linux|spi)/\\S*");

  private static final String RANKING = "service.ranking";

  private static final System.Logger LOG = System.getLogger(Dmalloc.class.getName());

  private final Map<String, ?> settings;
  private final Map<String, MemoryProviderFactory<?>> factories = new TreeMap<>();
  private final Set<String> knownKeys = new TreeSet<>();
  private final @Nullable RegionManagerFactory managers;
  private final Map<String, Started<?>> started = new LinkedHashMap<>();
  private @Nullable RegionManager manager;
  private ResourceLimitsFactory.@Nullable Running limits;
  private boolean closed;

  /** A provider that runs. */
  private record Started<P extends MemoryProvider>(
      MemoryProviderFactory<P> factory, P provider, int ranking) {
    static <P extends MemoryProvider> Started<P> by(
        MemoryProviderFactory<P> factory, Map<String, ?> settings) {
      int ranking = settings.get(RANKING) instanceof Integer i ? i : factory.ranking();
      return new Started<>(factory, factory.start().apply(settings), ranking);
    }

    void stop() {
      factory.stop().accept(provider);
    }
  }

  private Dmalloc(Map<String, ?> settings) {
    this.settings = Map.copyOf(settings);
    ClassLoader loader = Dmalloc.class.getClassLoader();
    for (StandaloneBackend backend : ServiceLoader.load(StandaloneBackend.class, loader)) {
      for (MemoryProviderFactory<?> factory : backend.factories()) {
        factories.put(factory.name(), factory);
        knownKeys.addAll(factory.keys());
      }
    }
    managers = ServiceLoader.load(RegionManagerFactory.class, loader).findFirst().orElse(null);
    if (managers != null) {
      knownKeys.addAll(managers.keys());
    }
  }

  /** The providers with their defaults. */
  public static Dmalloc open() {
    return open(Map.of());
  }

  /**
   * The providers with settings; none is started yet.
   *
   * @param settings for each provider that knows the key; a key that none knows is given to all,
   *     which refuse it if it is nearly one of theirs and warn otherwise
   * @throws IllegalArgumentException if there is a name among the settings, which would be that of
   *     all providers
   */
  public static Dmalloc open(Map<String, ?> settings) {
    Object name = settings.get(MemoryProvider.BACKEND);
    if (name != null) {
      throw new IllegalArgumentException(
          MemoryProvider.BACKEND + "=" + name + ": a name is one provider's; give it to start");
    }
    return new Dmalloc(settings);
  }

  /** The names that {@link #provider} knows: of the kinds whose jars are here, and of instances. */
  public synchronized Set<String> names() {
    Set<String> names = new TreeSet<>(factories.keySet());
    names.addAll(started.keySet());
    if (managers != null) {
      names.add(MANAGED);
    }
    return names;
  }

  /**
   * A provider, which is started if it is not running.
   *
   * @param name a kind, such as {@code panama}, or the name of an instance that runs
   * @throws IllegalArgumentException if no jar here has it; the message names the jar. Also if a
   *     setting is bad; the message names PID, key and value
   * @throws UnsupportedOperationException if the backend does not work on this system
   * @throws IllegalStateException if this is closed, or a jar that the backend needs is missing
   */
  public synchronized MemoryProvider provider(String name) {
    checkOpen();
    Started<?> running = started.get(name);
    return running == null ? start(name, Map.of()) : running.provider();
  }

  /**
   * Starts a provider with settings of its own.
   *
   * @param kind such as {@code panama}, or {@value #MANAGED}, of which there is one
   * @param own come before those of {@link #open(Map)}; under the key {@value
   *     MemoryProvider#BACKEND} they name an instance beside another of its kind
   * @throws IllegalArgumentException as for {@link #provider}
   * @throws UnsupportedOperationException as for {@link #provider}
   * @throws IllegalStateException as for {@link #provider}, and if one of that name runs
   */
  public synchronized MemoryProvider start(String kind, Map<String, ?> own) {
    checkOpen();
    MemoryProviderFactory<?> factory = factories.get(kind);
    if (factory == null) {
      if (kind.equals(MANAGED) && managers != null) {
        return startManager(managers, own).provider();
      }
      throw missing(kind);
    }
    Map<String, Object> all = new HashMap<>(Map.of(MemoryProvider.BACKEND, kind));
    all.putAll(merged(factory.keys(), own));
    String name = String.valueOf(all.get(MemoryProvider.BACKEND));
    if (started.containsKey(name)) {
      throw new IllegalStateException(
          "provider '" + name + "' runs already; name another by " + MemoryProvider.BACKEND);
    }
    Started<?> running = complete(kind, () -> Started.by(factory, all));
    started.put(name, running);
    if (manager != null) {
      manager.backendStarted(running.provider(), running.ranking());
    }
    return running.provider();
  }

  /** What moves the regions of the provider {@value #MANAGED}, which is started if need be. */
  public synchronized RegionMover mover() {
    return manager().mover();
  }

  /** Tells a listener of every move from now on. */
  public synchronized void add(MoveListener listener) {
    manager().add(listener);
  }

  /**
   * The limits that this program lives under, with the quotas of the providers that run; starts
   * none.
   *
   * @throws IllegalStateException if this is closed, or no jar here knows the limits
   */
  public synchronized ResourceLimits limits() {
    checkOpen();
    ResourceLimitsFactory.Running running = limits;
    if (running == null) {
      running =
          ServiceLoader.load(ResourceLimitsFactory.class, Dmalloc.class.getClassLoader())
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalStateException(
                          "limits need dmalloc-spi.jar, which is not on the class path or module"
                              + " path (Maven: org.dmalloc:dmalloc-spi)"))
              .start(this::running);
      limits = running;
    }
    return running;
  }

  private synchronized List<MemoryProvider> running() {
    List<MemoryProvider> providers = new ArrayList<>();
    started.values().forEach(each -> providers.add(each.provider()));
    if (manager != null) {
      providers.add(manager.provider());
    }
    return providers;
  }

  private RegionManager manager() {
    checkOpen();
    if (manager != null) {
      return manager;
    }
    if (managers == null) {
      throw missing(MANAGED);
    }
    return startManager(managers, Map.of());
  }

  /** Starts it over all kinds that work here, with what runs in place of a kind's default. */
  private RegionManager startManager(RegionManagerFactory with, Map<String, ?> own) {
    if (manager != null) {
      if (own.isEmpty()) {
        return manager;
      }
      throw new IllegalStateException("provider 'managed' runs already, and there is one");
    }
    for (MemoryProviderFactory<?> factory : factories.values()) {
      if (started.values().stream().noneMatch(running -> running.factory().equals(factory))) {
        try {
          start(factory.name(), Map.of());
        } catch (UnsupportedOperationException e) {
          LOG.log(System.Logger.Level.DEBUG, "not managed: {0}", e.getMessage());
        }
      }
    }
    RegionManager starting = complete(MANAGED, () -> with.start(merged(with.keys(), own)));
    started.values().forEach(each -> starting.backendStarted(each.provider(), each.ranking()));
    manager = starting;
    return starting;
  }

  /** The settings for one that knows some keys: what nobody knows too, since it may be misspelt. */
  private Map<String, Object> merged(Set<String> keys, Map<String, ?> own) {
    Map<String, Object> merged = new HashMap<>();
    settings.forEach(
        (key, value) -> {
          if (keys.contains(key) || !knownKeys.contains(key)) {
            merged.put(key, value);
          }
        });
    merged.putAll(own);
    return merged;
  }

  private IllegalArgumentException missing(String name) {
    String artifact =
        switch (name) {
          case "filechannel", "panama", "anon" -> "dmalloc-backend-" + name;
          case "anon-memfd", "anon-zero" -> "dmalloc-backend-anon";
          case MANAGED -> "dmalloc-manager";
          default -> null;
        };
    String here = factories.isEmpty() ? "no backend is here" : "here are " + names();
    return new IllegalArgumentException(
        artifact == null
            ? "no provider '" + name + "': " + here
            : String.format(
                Locale.ROOT,
                "no provider '%s': %s; add %s.jar to the class path or module path (Maven:"
                    + " org.dmalloc:%3$s), or in an OSGi container take the service MemoryProvider",
                name,
                here,
                artifact));
  }

  /** Starts what may need the classes of a jar that is missing. */
  private static <T> T complete(String name, Supplier<T> start) {
    try {
      return start.get();
    } catch (NoClassDefFoundError missing) {
      Matcher shared = SHARED.matcher(String.valueOf(missing.getMessage()));
      if (!shared.find()) {
        throw missing;
      }
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "provider '%s' needs dmalloc-%s.jar, which is not on the class path (Maven:"
                  + " org.dmalloc:dmalloc-%2$s)",
              name,
              shared.group(1)),
          missing);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("closed; its providers have stopped");
    }
  }

  /** Stops the manager and the providers; the second time it does nothing. */
  @Override
  public synchronized void close() {
    closed = true;
    if (limits != null) {
      limits.close();
      limits = null;
    }
    if (manager != null) {
      manager.close();
      manager = null;
    }
    started.values().forEach(Started::stop);
    started.clear();
  }
}
