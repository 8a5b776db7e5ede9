/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.disk.PageCache;
import org.jspecify.annotations.Nullable;

/**
 * The region that one backend's workloads share. It is named where the backend stores regions, so
 * that it can be closed and opened again to drop its caches. {@link #close()} deletes it. The name
 * holds the process id, by which {@link #removeStale} finds what a killed run left behind.
 *
 * <p>One thread uses it.
 */
final class ScratchRegion implements AutoCloseable {
  private static final String PREFIX = "dmalloc-bench-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "([0-9]{1,18})-[^-]*");
  private static final AtomicLong NUMBER = new AtomicLong(1);

  /** Brought in piecewise, so that an interrupt takes effect before the end of the region. */
  private static final long PIECE_BYTES = 64L << 20;

  /** A region with at most this share in RAM, such as its first pages, is cold. */
  private static final double COLD_SHARE = 0.01;

  private final MemoryProvider provider;
  private final @Nullable String name;
  private final @Nullable Path directory;
  private MemoryRegion region;
  private final @Nullable AccessPattern fixed;
  private AccessPattern advised = AccessPattern.NORMAL;

  private ScratchRegion(
      MemoryProvider provider,
      @Nullable String name,
      @Nullable Path directory,
      @Nullable AccessPattern fixed,
      MemoryRegion region) {
    this.provider = provider;
    this.name = name;
    this.directory = directory;
    this.fixed = fixed;
    this.region = region;
  }

  /** Allocates it with a pattern for all workloads; null lets each workload advise. */
  static ScratchRegion allocate(
      MemoryProvider provider,
      long byteSize,
      @Nullable Path directory,
      @Nullable AccessPattern pattern)
      throws MemoryException {
    Set<Capability> capabilities = provider.capabilities();
    String name =
        capabilities.contains(Capability.NAMED)
            ? PREFIX + ProcessHandle.current().pid() + "-" + NUMBER.getAndIncrement()
            : null;
    Path target = capabilities.contains(Capability.DIRECTORY) ? directory : null;
    RegionRequest request =
        RegionRequest.ofSize(byteSize).withName(name).withDirectory(target).withOwner("benchmark");
    AccessPattern fixed = capabilities.contains(Capability.ADVICE) ? pattern : null;
    MemoryRegion region = provider.allocate(fixed == null ? request : request.withPattern(fixed));
    return new ScratchRegion(provider, name, target, fixed, region);
  }

  /** Deletes regions of ended processes, only in the configured directory; returns their names. */
  static List<String> removeStale(MemoryProvider provider) throws MemoryException {
    List<String> removed = new ArrayList<>();
    if (!provider.capabilities().contains(Capability.NAMED)) {
      return removed;
    }
    for (StoredRegion stored : provider.stored()) {
      if (stored.state() == StoredRegion.State.CLOSED && isOfDeadProcess(stored.name())) {
        provider.delete(stored.name());
        removed.add(stored.name());
      }
    }
    return removed;
  }

  private static boolean isOfDeadProcess(String name) {
    Matcher matcher = NAME.matcher(name);
    return matcher.matches() && ProcessHandle.of(Long.parseLong(matcher.group(1))).isEmpty();
  }

  MemoryRegion region() {
    return region;
  }

  /** The file on a disk; empty if the region has none, or only a descriptor's path in /proc. */
  Optional<Path> file() {
    return name == null ? Optional.empty() : Optional.ofNullable(region.info().path());
  }

  /** Advises the whole region unless its pattern is fixed; returns what holds, null for none. */
  @Nullable AccessPattern advise(AccessPattern pattern) throws MemoryException {
    if (fixed != null) {
      return region.info().pattern();
    }
    Advice advice = Advice.valueOf(pattern.name());
    if (!provider.capabilities().contains(Capability.ADVICE)
        || !provider.supportedAdvice().contains(advice)) {
      return null;
    }
    region.advise(advice);
    advised = pattern;
    return pattern;
  }

  /** Brings in and maps all pages, as far as memory allows. */
  void bringIn() throws IOException, InterruptedException {
    AccessPattern wanted = advised;
    advise(AccessPattern.SEQUENTIAL);
    boolean populates = provider.supportedAdvice().contains(Advice.POPULATE_READ);
    for (long offset = 0; offset < region.byteSize(); offset += PIECE_BYTES) {
      long length = Math.min(PIECE_BYTES, region.byteSize() - offset);
      if (populates) {
        region.advise(Advice.POPULATE_READ, offset, length);
      } else {
        touch(offset, length);
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    advise(wanted);
  }

  private void touch(long offset, long length) {
    try (Access access = region.acquire()) {
      MemorySegment bytes = access.segment();
      long sum = 0;
      for (long at = offset; at < offset + length; at += PageContent.PAGE_BYTES) {
        sum += bytes.get(ValueLayout.JAVA_BYTE, at);
      }
      if (sum == Long.MIN_VALUE) {
        throw new IllegalStateException("never: the sum only keeps the loads alive");
      }
    }
  }

  /** The share of the region in RAM, 0 to 1; −1 if unknown. */
  double residentShare() throws MemoryException {
    if (!provider.capabilities().contains(Capability.RESIDENCY)) {
      return -1;
    }
    Residency residency = region.residency();
    return residency.residentBytes() == Residency.UNKNOWN
        ? -1
        : (double) residency.residentBytes() / residency.byteSize();
  }

  /**
   * Evicts all pages and checks that they are gone; the advice is kept. Returns empty if they are,
   * else the reason and what would help.
   */
  Optional<String> dropCaches(PageCache cache, boolean hasSwap)
      throws IOException, InterruptedException {
    if (!provider.capabilities().contains(Capability.RESIDENCY)) {
      return Optional.of("warm only: it cannot tell what is in RAM, so a cold start is unproven");
    }
    if (provider.capabilities().contains(Capability.FORCE)) {
      region.force();
    }
    if (provider.supportedAdvice().contains(Advice.PAGE_OUT)) {
      region.advise(Advice.PAGE_OUT);
      if (isCold()) {
        return Optional.empty();
      }
    }
    Optional<Path> file = file();
    if (name == null || file.isEmpty()) {
      return Optional.of(
          hasSwap
              ? String.format(
                  Locale.ROOT,
                  "warm only: paged out, %.0f %% of it stayed in RAM or in the swap cache",
                  100 * residentShare())
              : "warm only: anonymous memory cannot be evicted without swap");
    }
    AccessPattern pattern = advised;
    region.close();
    Optional<String> refusal = cache.drop(file.get());
    reopen(name, pattern);
    if (isCold()) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "warm only: %.0f %% of it stayed in RAM; %s",
            100 * residentShare(),
            refusal.orElse("this file system keeps its cache")));
  }

  private void reopen(String storedName, AccessPattern pattern) throws MemoryException {
    OpenRequest request =
        OpenRequest.of(storedName).withDirectory(directory).withOwner("benchmark");
    region = provider.open(fixed == null ? request : request.withPattern(fixed));
    advise(pattern);
  }

  private boolean isCold() throws MemoryException {
    double share = residentShare();
    return share >= 0 && share <= COLD_SHARE;
  }

  /** Closes the region and deletes what it stored, also on an interrupted thread. */
  @Override
  public void close() throws IOException {
    // Deleting may use channels, which an interrupt would close under it.
    boolean interrupted = Thread.interrupted();
    try {
      Optional<StoredBacking> stored =
          region instanceof BackingRegion backing ? backing.stored() : Optional.empty();
      if (name != null && stored.isPresent()) {
        stored.get().discard();
        return;
      }
      Path file = region.info().path();
      boolean own = region.detached().isEmpty();
      region.close();
      if (name != null && directory == null) {
        provider.delete(name);
      } else if (name != null && file != null && own) {
        // Providers delete by name in their own directory only; a region is one file anywhere.
        Files.deleteIfExists(file);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
