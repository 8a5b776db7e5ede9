/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.jspecify.annotations.Nullable;

/**
 * A memory provider behind a guard. The shell asks a provider only through this class, and
 * measurements use it too. A provider may come from anybody. If it breaks its contract by an
 * exception, returns null or does not answer in time, a {@link ProviderFault} names it, so that the
 * others go on. Its name is always known.
 */
public final class Backend implements MemoryProvider {
  /** The limit of an answer from memory. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** The limit of an answer from the files of a store, which may be on a slow disk. */
  private static final Duration STORE_ANSWER = Duration.ofSeconds(60);

  static final Comparator<Backend> BEST_FIRST =
      Comparator.comparingInt(Backend::ranking).reversed().thenComparingLong(Backend::serviceId);

  private final MemoryProvider provider;
  private final Service service;
  private volatile @Nullable String name;

  /**
   * A provider's service.
   *
   * @param ranking higher is better
   * @param id of equal rankings the lower is better
   * @param backend its registered name; null if it has none
   * @param bundle empty if it is unknown
   */
  public record Service(int ranking, long id, @Nullable String backend, String bundle) {}

  /**
   * An open region and its attributes.
   *
   * @param backend its backend; null if that has stopped
   * @param failure why its bytes may not be what was stored; null if all is well
   * @param orphanedSince the time of the stop; null if it still runs
   */
  public record Open(
      @Nullable Backend backend,
      MemoryRegion region,
      RegionInfo info,
      @Nullable String failure,
      @Nullable Instant orphanedSince) {}

  public record Stored(Backend backend, StoredRegion region) {}

  public Backend(MemoryProvider provider, Service service) {
    this.provider = provider;
    this.service = service;
    this.name = service.backend();
  }

  public int ranking() {
    return service.ranking();
  }

  public long serviceId() {
    return service.id();
  }

  /** Its name, or its service's if it gives none. */
  @Override
  public String name() {
    String known = name;
    if (known == null) {
      try {
        known = ask("name()", ANSWER, provider::name);
      } catch (ProviderFault e) {
        known = "service-" + service.id();
      }
      name = known;
    }
    return known;
  }

  /** Its name and its bundle. */
  String description() {
    String bundle = service.bundle().isEmpty() ? "" : "bundle " + service.bundle() + ", ";
    return name() + " (" + bundle + "service " + service.id() + ")";
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.copyOf(ask("capabilities()", ANSWER, provider::capabilities));
  }

  /** Whether it has a capability; false if it does not answer. */
  public boolean can(Capability capability) {
    try {
      return capabilities().contains(capability);
    } catch (ProviderFault e) {
      return false;
    }
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return Set.copyOf(ask("supportedAdvice()", ANSWER, provider::supportedAdvice));
  }

  @Override
  public ProviderStatistics statistics() {
    return ask("statistics()", ANSWER, provider::statistics);
  }

  @Override
  public List<ResourceUse> limits() {
    return elements("limits()", ask("limits()", ANSWER, provider::limits));
  }

  @Override
  public Optional<PagingStatistics> paging() {
    return ask("paging()", ANSWER, provider::paging);
  }

  @Override
  public List<MemoryRegion> regions() {
    return elements("regions()", ask("regions()", ANSWER, provider::regions));
  }

  /**
   * Its open regions with their attributes. Throws {@link ProviderFault} if it, or one of them,
   * does not answer.
   */
  public List<Open> openRegions() {
    return ask(
        "regions()",
        ANSWER,
        () -> {
          List<Open> open = new ArrayList<>();
          for (MemoryRegion region : answered(provider.regions())) {
            open.add(
                new Open(
                    this,
                    region,
                    answered(region.info()),
                    answered(region.failure()).orElse(null),
                    null));
          }
          return open;
        });
  }

  // --- its store; MemoryException besides, for the environment's failures ---

  @Override
  public List<StoredRegion> stored(@Nullable Path directory) throws MemoryException {
    try {
      return elements("stored()", ask("stored()", STORE_ANSWER, () -> provider.stored(directory)));
    } catch (ProviderFault e) {
      if (e.getCause() instanceof MemoryException refused) {
        throw refused;
      }
      throw e;
    }
  }

  @Override
  public void rename(
      String regionName, String newName, NameDurability durability, @Nullable Path directory)
      throws MemoryException {
    work(
        "rename()",
        () -> {
          provider.rename(regionName, newName, durability, directory);
          return regionName;
        });
  }

  @Override
  public void forceNames() throws MemoryException {
    work(
        "forceNames()",
        () -> {
          provider.forceNames();
          return "forced";
        });
  }

  /** The findings in its store. There is no time limit; an interrupt ends it. */
  @Override
  public List<StoreFinding> verify() throws MemoryException {
    try {
      return elements("verify()", work("verify()", provider::verify));
    } catch (ProviderFault e) {
      throw e;
    } catch (RuntimeException e) {
      throw fault("verify()", e); // it takes no arguments: there is no mistake of the caller's
    }
  }

  @Override
  public MemoryRegion allocate(RegionRequest request) throws MemoryException {
    return work("allocate()", () -> provider.allocate(request));
  }

  @Override
  public MemoryRegion open(OpenRequest request) throws MemoryException {
    return work("open()", () -> provider.open(request));
  }

  @Override
  public MemoryRegion attach(String token, RegionOptions options) throws MemoryException {
    return work("attach()", () -> provider.attach(token, options));
  }

  /** Makes a snapshot of a region, of whatever backend, in its store. */
  public SnapshotResult snapshot(MemoryRegion region, SnapshotRequest request)
      throws MemoryException {
    return work("snapshot()", () -> region.snapshot(request.withTarget(provider)));
  }

  @Override
  public void delete(String regionName, Deletion how) throws MemoryException {
    work(
        "delete()",
        () -> {
          provider.delete(regionName, how);
          return regionName;
        });
  }

  @FunctionalInterface
  private interface Question<T> {
    @Nullable T answer() throws MemoryException;
  }

  /** Null where the contract excludes it. */
  private static final class NullAnswer extends RuntimeException {}

  private static <T> T answered(@Nullable T answer) {
    if (answer == null) {
      throw new NullAnswer();
    }
    return answer;
  }

  private <T> List<T> elements(String what, List<T> answer) {
    try {
      return List.copyOf(answer);
    } catch (RuntimeException e) {
      throw fault(what, e);
    }
  }

  /** Asks on another thread, and stops waiting after the timeout. */
  private <T> T ask(String what, Duration timeout, Question<T> question) {
    FutureTask<T> task = new FutureTask<>(() -> answered(question.answer()));
    Thread.ofVirtual().name("dmalloc shell asks " + service.id()).start(task);
    try {
      return task.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof VirtualMachineError fatal) {
        throw fatal;
      }
      throw fault(what, e.getCause());
    } catch (TimeoutException e) {
      task.cancel(true);
      String reason = what + ": no answer within " + timeout.toSeconds() + " s";
      throw new ProviderFault("backend " + description(), reason, e);
    } catch (InterruptedException e) {
      task.cancel(true);
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  /** Runs work that may take long and fail; exceptions of the contract are passed on. */
  private <T> T work(String what, Question<T> question) throws MemoryException {
    try {
      return answered(question.answer());
    } catch (MemoryException | VirtualMachineError e) {
      throw e;
    } catch (RuntimeException e) {
      throw isAllowed(e) ? e : fault(what, e);
    } catch (Throwable e) {
      throw fault(what, e);
    }
  }

  /** Whether a contract permits the exception: a standard one for a caller's mistake. */
  static boolean isAllowed(Throwable thrown) {
    return thrown instanceof IllegalArgumentException
        || thrown instanceof IllegalStateException
        || thrown instanceof UnsupportedOperationException
        || thrown instanceof IndexOutOfBoundsException;
  }

  private ProviderFault fault(String what, @Nullable Throwable thrown) {
    Throwable cause = thrown == null ? new IllegalStateException() : thrown;
    String message = cause.getMessage();
    String words =
        cause instanceof NullAnswer
            ? "it gave null"
            : cause.getClass().getSimpleName()
                + (message == null || message.isBlank() ? "" : ": " + message);
    // A fault of name() must not call name() again.
    String subject = what.equals("name()") ? "service " + service.id() : description();
    return new ProviderFault("backend " + subject, what + ": " + words, cause);
  }
}
