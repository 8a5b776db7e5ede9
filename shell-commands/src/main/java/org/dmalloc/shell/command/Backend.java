/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
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
 * and what measures providers gets this in their place: a provider may be anybody's, and what it
 * throws against its contract, gives as null, or does not answer in time is a {@link ProviderFault}
 * that names it, so that the others go on. Its name is always known.
 */
public final class Backend implements MemoryProvider {
  /** Answered from memory: whoever takes longer hangs. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** The files of a store are looked at, which a slow disk may take its time for. */
  private static final Duration LOOK = Duration.ofSeconds(60);

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
   * @param bundle the bundle that registered it; empty where nobody knows
   */
  public record Service(int ranking, long id, @Nullable String backend, String bundle) {}

  /** A provider of the given service. */
  public Backend(MemoryProvider provider, Service service) {
    this.provider = provider;
    this.service = service;
    this.name = service.backend();
  }

  /** Its service ranking. */
  public int ranking() {
    return service.ranking();
  }

  /** The number of its service. */
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
    return String.format(
        Locale.ROOT,
        "%s (%sservice %d)",
        name(),
        service.bundle().isEmpty() ? "" : "bundle " + service.bundle() + ", ",
        service.id());
  }

  // --- what it is; ProviderFault if it does not say ---

  /** What it can do. */
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

  /** The advice that it passes on. */
  @Override
  public Set<Advice> supportedAdvice() {
    return Set.copyOf(ask("supportedAdvice()", ANSWER, provider::supportedAdvice));
  }

  /** Its counts. */
  @Override
  public ProviderStatistics statistics() {
    return ask("statistics()", ANSWER, provider::statistics);
  }

  /** What finding out patterns has cost it. */
  @Override
  public Optional<PagingStatistics> paging() {
    return ask("paging()", ANSWER, provider::paging);
  }

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

  /** Its open regions. */
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
          @Nullable List<MemoryRegion> all = provider.regions();
          if (all == null) {
            return null;
          }
          List<Open> open = new ArrayList<>();
          for (MemoryRegion region : all) {
            open.add(new Open(this, region, Objects.requireNonNull(region.info()), null));
          }
          return open;
        });
  }

  // --- its store; MemoryException besides, for what the environment refuses ---

  /** The regions in its store. */
  @Override
  public List<StoredRegion> stored() throws MemoryException {
    return askStore("stored()", provider::stored);
  }

  /** What it finds in its store. Takes as long as it takes: an interrupt ends it. */
  @Override
  public List<StoreFinding> verify() throws MemoryException {
    try {
      return elements("verify()", work("verify()", provider::verify));
    } catch (IllegalArgumentException
        | IllegalStateException
        | UnsupportedOperationException
        | IndexOutOfBoundsException
        | LinkageError e) {
      throw fault("verify()", e); // there is no caller's mistake to tell
    }
  }

  /** Allocates a region. */
  @Override
  public MemoryRegion allocate(RegionRequest request) throws MemoryException {
    return work("allocate()", () -> provider.allocate(request));
  }

  /** Opens a stored region. */
  @Override
  public MemoryRegion open(OpenRequest request) throws MemoryException {
    return work("open()", () -> provider.open(request));
  }

  /** Deletes a stored region. */
  @Override
  public void delete(String regionName) throws MemoryException {
    work(
        "delete()",
        () -> {
          provider.delete(regionName);
          return regionName;
        });
  }

  /** What a provider is asked. */
  @FunctionalInterface
  private interface Question<T> {
    @Nullable T answer() throws MemoryException;
  }

  private <T> List<T> askStore(String what, Question<List<T>> question) throws MemoryException {
    try {
      return elements(what, ask(what, LOOK, question));
    } catch (ProviderFault e) {
      if (e.getCause() instanceof MemoryException refused) {
        throw refused;
      }
      throw e;
    }
  }

  private <T> List<T> elements(String what, Collection<T> answer) {
    try {
      return List.copyOf(answer);
    } catch (RuntimeException e) {
      throw fault(what, e);
    }
  }

  /** Asks on another thread, whose answer is not waited for longer than given. */
  private <T> T ask(String what, Duration patience, Question<T> question) {
    FutureTask<@Nullable T> task = new FutureTask<>(question::answer);
    Thread.ofVirtual().name("dmalloc shell asks " + service.id()).start(task);
    try {
      T answer = task.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      if (answer == null) {
        throw fault(what, new NullPointerException("null"));
      }
      return answer;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof VirtualMachineError fatal) {
        throw fatal;
      }
      throw fault(what, e.getCause());
    } catch (TimeoutException e) {
      task.cancel(true);
      String why = String.format(Locale.ROOT, "no answer within %d s", patience.toSeconds());
      throw new ProviderFault("backend " + description(), what + ": " + why, e);
    } catch (InterruptedException e) {
      task.cancel(true);
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  /** Has it do what may take long and fail: what its contract allows to be thrown, is. */
  private <T> T work(String what, Question<T> question) throws MemoryException {
    T result;
    try {
      result = question.answer();
    } catch (IllegalArgumentException
        | IllegalStateException
        | UnsupportedOperationException
        | IndexOutOfBoundsException
        | MemoryException e) {
      throw e;
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      throw fault(what, e);
    }
    if (result == null) {
      throw fault(what, new NullPointerException("null"));
    }
    return result;
  }

  private ProviderFault fault(String what, @Nullable Throwable thrown) {
    String words;
    if (thrown instanceof NullPointerException && "null".equals(thrown.getMessage())) {
      words = "it gave null";
    } else if (thrown == null) {
      words = "it failed";
    } else {
      String message = thrown.getMessage();
      words =
          thrown.getClass().getSimpleName()
              + (message == null || message.isBlank() ? "" : ": " + message);
    }
    // In a name of its own it could not be asked for another.
    String who = what.equals("name()") ? "service " + service.id() : description();
    return new ProviderFault(
        "backend " + who,
        what + ": " + words,
        thrown == null ? new IllegalStateException() : thrown);
  }
}
