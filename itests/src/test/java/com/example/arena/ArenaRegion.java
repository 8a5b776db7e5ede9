/* SPDX-License-Identifier: Apache-2.0 */
package com.example.arena;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.RegionIds;
import org.jspecify.annotations.Nullable;

/** A segment of an arena of its own. */
final class ArenaRegion implements MemoryRegion {
  private final ArenaProvider provider;
  private final long id = RegionIds.next();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;
  private final @Nullable String owner;
  private final Instant createdAt = Instant.now();

  ArenaRegion(ArenaProvider provider, long byteSize, long alignment, @Nullable String owner) {
    this.provider = provider;
    this.owner = owner;
    segment = arena.allocate(byteSize, alignment);
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public long byteSize() {
    return segment.byteSize();
  }

  @Override
  public RegionInfo info() {
    return new RegionInfo(
        id,
        null,
        ArenaProvider.NAME,
        segment.byteSize(),
        arena.scope().isAlive(),
        RegionOptions.DEFAULT
            .withSharing(Sharing.SHARED)
            .withPattern(AccessPattern.NORMAL)
            .withOwner(owner),
        null,
        "an arena of Java",
        createdAt,
        0,
        false,
        null,
        Set.of());
  }

  @Override
  public Access acquire() {
    MemorySegment opened = segment();
    return new Access() {
      @Override
      public MemorySegment segment() {
        return opened;
      }

      @Override
      public void close() {
        // An arena counts no sections: it refuses to close under an access by itself.
      }
    };
  }

  @Override
  public MemorySegment segment() {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException("region " + id + " is closed");
    }
    return segment;
  }

  @Override
  public void force(long offset, long length) {
    throw new UnsupportedCapabilityException(ArenaProvider.NAME, Capability.FORCE);
  }

  @Override
  public void advise(Advice advice, long offset, long length) {
    throw new UnsupportedCapabilityException(ArenaProvider.NAME, Capability.ADVICE);
  }

  @Override
  public void prefetch(long[] offsets, long length) {
    throw new UnsupportedCapabilityException(ArenaProvider.NAME, Capability.PREFETCH);
  }

  @Override
  public void release(long offset, long length) {
    throw new UnsupportedCapabilityException(ArenaProvider.NAME, Capability.RELEASE);
  }

  @Override
  public void limitResident(long byteSize) {
    throw new UnsupportedCapabilityException(ArenaProvider.NAME, Capability.RESIDENT_BUDGET);
  }

  @Override
  public Residency residency(long offset, long length) {
    throw new UnsupportedCapabilityException(ArenaProvider.NAME, Capability.RESIDENCY);
  }

  @Override
  public void apply(SwapPolicy policy) {
    throw new UnsupportedCapabilityException(ArenaProvider.NAME, Capability.SWAP_POLICY);
  }

  @Override
  public void resize(long newByteSize) {
    throw new UnsupportedCapabilityException(ArenaProvider.NAME, Capability.RESIZE);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      provider.closed(this);
    }
  }
}
