/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.RegionIds;
import org.jspecify.annotations.Nullable;

/** A region on a Java array. */
final class HeapRegion implements MemoryRegion {
  final List<Advice> advice = new ArrayList<>();
  final List<String> whole = new ArrayList<>();
  volatile @Nullable String detached;
  volatile @Nullable String writeBackFailure;
  final Set<SwapPolicy> policies = EnumSet.noneOf(SwapPolicy.class);
  int forces;
  long released;
  long budget = RegionRequest.NO_BUDGET;

  private final HeapProvider provider;
  private final long id = RegionIds.next();
  private final @Nullable String name;
  private final AccessMode access;
  private final @Nullable String owner;
  private byte[] bytes;
  private boolean open = true;

  HeapRegion(
      HeapProvider provider,
      @Nullable String name,
      byte[] bytes,
      AccessMode access,
      @Nullable String owner) {
    this.provider = provider;
    this.name = name;
    this.bytes = bytes;
    this.access = access;
    this.owner = owner;
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public long byteSize() {
    return bytes.length;
  }

  @Override
  public RegionInfo info() {
    return new RegionInfo(
        id,
        name,
        provider.name(),
        bytes.length,
        open,
        RegionOptions.DEFAULT
            .withSharing(Sharing.SHARED)
            .withAccess(access)
            .withPattern(AccessPattern.NORMAL)
            .withPolicies(policies)
            .withResidentBudget(budget)
            .withOwner(owner),
        name == null ? null : Path.of("/store", name),
        "Java heap",
        Instant.EPOCH,
        0,
        false,
        writeBackFailure,
        provider.capabilities());
  }

  private void checkOpen() {
    if (!open) {
      throw new IllegalStateException("region " + id + " is closed");
    }
  }

  @Override
  public Optional<String> detached() {
    return Optional.ofNullable(detached);
  }

  @Override
  public Access acquire() {
    checkOpen();
    if (provider.truncated) {
      throw new InternalError("a fault occurred in an unsafe memory access operation");
    }
    return new Access() {
      @Override
      public MemorySegment segment() {
        return HeapRegion.this.segment();
      }

      @Override
      public void close() {
        checkOpen();
      }
    };
  }

  @Override
  public MemorySegment segment() {
    checkOpen();
    MemorySegment segment = MemorySegment.ofArray(bytes);
    return access == AccessMode.READ_ONLY ? segment.asReadOnly() : segment;
  }

  @Override
  public void force() {
    whole.add("force");
    force(0, byteSize());
  }

  @Override
  public void advise(Advice given) {
    whole.add("advise");
    advise(given, 0, byteSize());
  }

  @Override
  public void release() {
    whole.add("release");
    release(0, byteSize());
  }

  @Override
  public void force(long offset, long length) {
    provider.require(Capability.FORCE);
    forces++;
  }

  @Override
  public void advise(Advice given, long offset, long length) {
    provider.require(Capability.ADVICE);
    if (!provider.supportedAdvice().contains(given)) {
      throw new UnsupportedOperationException("no advice " + given);
    }
    advice.add(given);
  }

  @Override
  public void prefetch(long[] offsets, long length) {
    provider.require(Capability.PREFETCH);
  }

  @Override
  public void release(long offset, long length) {
    provider.require(Capability.RELEASE);
    released += length;
  }

  @Override
  public void limitResident(long budgetBytes) {
    provider.require(Capability.RESIDENT_BUDGET);
    budget = budgetBytes;
  }

  @Override
  public Residency residency(long offset, long length) {
    provider.require(Capability.RESIDENCY);
    return new Residency(4096, 4096, 2048, -1, -1, -1, -1, "the test");
  }

  @Override
  public void apply(SwapPolicy policy) {
    provider.require(Capability.SWAP_POLICY);
    policies.add(policy);
  }

  @Override
  public void resize(long newByteSize) {
    provider.require(Capability.RESIZE);
    bytes = java.util.Arrays.copyOf(bytes, (int) newByteSize);
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      provider.closed(this);
    }
  }
}
