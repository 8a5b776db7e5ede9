/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

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
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.jspecify.annotations.Nullable;

/**
 * A memory provider as the shell knows it. All that the shell asks a provider goes through here,
 * and what measures providers gets this in their place. A provider may be anybody's: what it throws
 * against its contract, gives as null, or does not answer in time is a {@link ProviderFault} that
 * names it, so that the others go on. Its name is always known.
 */
public final class Backend implements MemoryProvider {
  /** For what is answered from memory. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** For what reads the files of a store, which may lie on a slow disk. */
  private static final Duration STORE_ANSWER = Duration.ofSeconds(60);

  static final Comparator<Backend> BEST_FIRST =
      Comparator.comparingInt(Backend::ranking).reversed().thenComparingLong(Backend::serviceId);

  private final MemoryProvider provider;
  private final Service service;
  private volatile @Nullable String name;

  /**
   * A provider's service.
   *
   * @param ranking its ranking; higher is better
   * @param id its number; of equals, the lower is better
   * @param backend the name that it is registered with; null if it has none
   * @param bundle the bundle that registered it; empty where that is not known
   */
  public record Service(int ranking, long id, @Nullable String backend, String bundle) {}

  /**
   * An open region, with what it says of itself.
   *
   * @param backend whose it is; null if that has stopped
   * @param orphanedSince when it has stopped; null if it has not
   */
  public record Open(
      @Nullable Backend backend,
      MemoryRegion region,
      RegionInfo info,
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

  /** Its name; that of its service if it has none to tell. */
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

  /** Its name, and where it comes from. */
  String description() {
    String bundle = service.bundle().isEmpty() ? "" : "bundle " + service.bundle() + ", ";
    return name() + " (" + bundle + "service " + service.id() + ")";
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.copyOf(ask("capabilities()", ANSWER, provider::capabilities));
  }

  /** Whether it can do something; not if it does not say. */
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
  public Optional<PagingStatistics> paging() {
    return ask("paging()", ANSWER, provider::paging);
  }

  @Override
  public List<MemoryRegion> regions() {
    return elements("regions()", ask("regions()", ANSWER, provider::regions));
  }

  /**
   * Its open regions with what they say of themselves.
   *
   * @throws ProviderFault if it does not say, or one of its regions does not
   */
  public List<Open> openRegions() {
    return ask(
        "regions()",
        ANSWER,
        () -> {
          List<Open> open = new ArrayList<>();
          for (MemoryRegion region : answered(provider.regions())) {
            open.add(new Open(this, region, answered(region.info()), null));
          }
          return open;
        });
  }

  // --- its store; MemoryException besides, for what the environment refuses ---

  @Override
  public List<StoredRegion> stored() throws MemoryException {
    try {
      return elements("stored()", ask("stored()", STORE_ANSWER, provider::stored));
    } catch (ProviderFault e) {
      if (e.getCause() instanceof MemoryException refused) {
        throw refused;
      }
      throw e;
    }
  }

  /** What it finds in its store. Takes as long as it takes: an interrupt ends it. */
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
  public void delete(String regionName) throws MemoryException {
    work(
        "delete()",
        () -> {
          provider.delete(regionName);
          return regionName;
        });
  }

  @FunctionalInterface
  private interface Question<T> {
    @Nullable T answer() throws MemoryException;
  }

  /** Null where the contract has none. */
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

  /** Asks on another thread, whose answer is not waited for longer than given. */
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

  /** Has it do what may take long and fail: what its contract allows to be thrown, is. */
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

  /** Whether a contract allows this to be thrown: a standard exception for a caller's mistake. */
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
    // In a fault of its name it cannot be asked for its name.
    String subject = what.equals("name()") ? "service " + service.id() : description();
    return new ProviderFault("backend " + subject, what + ": " + words, cause);
  }
}
