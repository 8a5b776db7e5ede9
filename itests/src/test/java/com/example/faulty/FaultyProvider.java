/* SPDX-License-Identifier: Apache-2.0 */
package com.example.faulty;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.jspecify.annotations.Nullable;

/** Says that it has a store, and fails at whatever it is asked; some at their names already. */
public final class FaultyProvider implements MemoryProvider {
  /** What it throws. */
  public enum Fault {
    /** A runtime exception, but not where it would tell its name and what it can do. */
    RUNTIME_EXCEPTION,
    /** An error, likewise. */
    ERROR,
    /** A runtime exception, always. */
    RUNTIME_EXCEPTION_ALWAYS,
    /** An error, always. */
    ERROR_ALWAYS;

    /** The name of its service. */
    public String backend() {
      return "faulty-" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean always() {
      return name().endsWith("ALWAYS");
    }

    private RuntimeException thrown() {
      if (name().startsWith("ERROR")) {
        throw new AssertionError("boom");
      }
      throw new IllegalStateException("boom");
    }
  }

  private final Fault fault;

  /**
   * Makes one, in a child JVM too.
   *
   * @param properties its name, which tells what it throws
   */
  public FaultyProvider(Map<String, Object> properties) {
    String backend = String.valueOf(properties.get(MemoryProvider.BACKEND));
    fault =
        List.of(Fault.values()).stream()
            .filter(each -> each.backend().equals(backend))
            .findFirst()
            .orElseThrow();
  }

  @Override
  public String name() {
    if (fault.always()) {
      throw fault.thrown();
    }
    return fault.backend();
  }

  @Override
  public Set<Capability> capabilities() {
    if (fault.always()) {
      throw fault.thrown();
    }
    return Set.of(Capability.NAMED);
  }

  @Override
  public Set<Advice> supportedAdvice() {
    if (fault.always()) {
      throw fault.thrown();
    }
    return Set.of();
  }

  @Override
  public MemoryRegion allocate(RegionRequest request) {
    throw fault.thrown();
  }

  @Override
  public MemoryRegion open(OpenRequest request) {
    throw fault.thrown();
  }

  @Override
  public List<StoredRegion> stored(@Nullable Path directory) {
    throw fault.thrown();
  }

  @Override
  public void delete(String name, Deletion how) {
    throw fault.thrown();
  }

  @Override
  public List<MemoryRegion> regions() {
    throw fault.thrown();
  }

  @Override
  public ProviderStatistics statistics() {
    throw fault.thrown();
  }

  @Override
  public List<StoreFinding> verify() {
    throw fault.thrown();
  }
}
