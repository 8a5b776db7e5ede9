/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.BackingProvider;
import org.jspecify.annotations.Nullable;

/**
 * A backend that is present now.
 *
 * @param provider its service
 * @param ranking its service ranking; the highest is the best
 * @param serviceId its service's number; of equal rankings the lowest is the best, as OSGi has it
 */
record Backend(MemoryProvider provider, int ranking, long serviceId) {
  /** The best first. */
  static final Comparator<Backend> BEST_FIRST =
      Comparator.comparingInt(Backend::ranking).reversed().thenComparingLong(Backend::serviceId);

  private static final System.Logger LOG = System.getLogger(Backend.class.getName());

  /** What was logged of whom: a provider that breaks its contract does so each time. */
  private static final Set<String> LOGGED = ConcurrentHashMap.newKeySet();

  // A backend may be foreign code: what it throws against its contract must not stop the others.

  /** Its name; that of its service if it does not tell one. */
  String name() {
    return answer("name()", "service-" + serviceId, provider::name);
  }

  Set<Capability> capabilities() {
    return answer("capabilities()", Set.of(), provider::capabilities);
  }

  Set<Advice> supportedAdvice() {
    return answer("supportedAdvice()", Set.of(), provider::supportedAdvice);
  }

  /**
   * The regions in its store, or in another directory; none where it breaks its contract.
   *
   * @param directory null for its own
   */
  List<StoredRegion> stored(@Nullable Path directory) throws MemoryException {
    return answer("stored()", List.of(), () -> provider.stored(directory));
  }

  /** The region of a name there, if there is one. */
  Optional<StoredRegion> stored(String name, @Nullable Path directory) throws MemoryException {
    return answer("stored()", Optional.empty(), () -> provider.stored(name, directory));
  }

  /**
   * Allocates a region on it.
   *
   * @param regionId the number of the managed region, for a backend that takes it over
   * @throws IllegalStateException if it breaks its contract; the message names it
   */
  MemoryRegion allocate(RegionRequest request, long regionId) throws MemoryException {
    return make(
        () ->
            provider instanceof BackingProvider backing
                ? backing.allocate(request, regionId)
                : provider.allocate(request));
  }

  /** Opens a stored region on it; like {@link #allocate}. */
  MemoryRegion open(OpenRequest request, long regionId) throws MemoryException {
    return make(
        () ->
            provider instanceof BackingProvider backing
                ? backing.open(request, regionId)
                : provider.open(request));
  }

  /** Attaches a region of another process on it; like {@link #allocate}. */
  MemoryRegion attach(String token, RegionOptions options, long regionId) throws MemoryException {
    return make(
        () ->
            provider instanceof BackingProvider backing
                ? backing.attach(token, options, regionId)
                : provider.attach(token, options));
  }

  /** What is asked of the provider. */
  @FunctionalInterface
  private interface Question<T, E extends Exception> {
    @Nullable T ask() throws E;
  }

  private MemoryRegion make(Question<MemoryRegion, MemoryException> making) throws MemoryException {
    MemoryRegion made;
    try {
      made = making.ask();
    } catch (IllegalArgumentException
        | IllegalStateException
        | UnsupportedOperationException
        | IndexOutOfBoundsException
        | VirtualMachineError e) {
      throw e;
    } catch (RuntimeException | Error e) {
      throw new IllegalStateException("backend " + name() + " broke its contract: " + e, e);
    }
    if (made == null) {
      throw new IllegalStateException("backend " + name() + " broke its contract: it gave null");
    }
    return made;
  }

  private <T, E extends Exception> T answer(String what, T otherwise, Question<T, E> question)
      throws E {
    try {
      T answer = question.ask();
      if (answer != null) {
        return answer;
      }
      log(what, new NullPointerException(what + " gave null"));
    } catch (VirtualMachineError e) {
      throw e;
    } catch (RuntimeException | Error e) {
      log(what, e);
    }
    return otherwise;
  }

  private void log(String what, Throwable thrown) {
    if (LOGGED.add(serviceId + " " + what)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "backend of service " + serviceId + ": " + what + ": " + thrown);
    }
  }
}
