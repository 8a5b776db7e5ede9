/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.RegionIds;
import org.jspecify.annotations.Nullable;

/**
 * A provider of plain memory for tests: named regions stay in a map, page-out makes a flag say
 * "cold", and a {@link Fault} can be set to break one of its calls.
 */
public final class FakeProvider implements MemoryProvider {
  private final String name;
  private final Set<Capability> capabilities;
  private final Map<String, byte[]> stored = Collections.synchronizedMap(new TreeMap<>());
  private final List<FakeRegion> open = Collections.synchronizedList(new ArrayList<>());
  private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
  private volatile Fault fault = call -> {};
  private volatile @Nullable Path path;
  private final AtomicInteger allocations = new AtomicInteger();

  /** Told of each call, and may throw in its place. */
  @FunctionalInterface
  public interface Fault {
    /** Throws, or lets the call go on. */
    void before(String call) throws MemoryException;
  }

  /** A provider that can do what is listed. */
  public FakeProvider(String name, Set<Capability> capabilities) {
    this.name = name;
    this.capabilities = Set.copyOf(capabilities);
  }

  /** A provider like one with files. */
  public static FakeProvider withEverything(String name) {
    return new FakeProvider(
        name,
        EnumSet.of(
            Capability.NAMED,
            Capability.FORCE,
            Capability.ADVICE,
            Capability.PREFETCH,
            Capability.RESIDENCY));
  }

  /** Shows a path in the description of its regions. */
  public FakeProvider withPath(Path newPath) {
    path = newPath;
    return this;
  }

  /** Breaks calls from now on. */
  public void failWith(Fault newFault) {
    fault = newFault;
  }

  /** The calls so far, such as {@code advise RANDOM}. */
  public List<String> calls() {
    synchronized (calls) {
      return List.copyOf(calls);
    }
  }

  /** The names of regions that a process of this number would have left behind. */
  public void leaveBehind(String storedName) {
    stored.put(storedName, new byte[1]);
  }

  /** Whether no region is open and none is stored. */
  public boolean isEmpty() {
    return open.isEmpty() && stored.isEmpty();
  }

  private void called(String call) throws MemoryException {
    calls.add(call);
    fault.before(call);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return capabilities.contains(Capability.ADVICE)
        ? EnumSet.of(Advice.NORMAL, Advice.RANDOM, Advice.SEQUENTIAL, Advice.PAGE_OUT)
        : Set.of();
  }

  @Override
  public MemoryRegion allocate(RegionRequest request) throws MemoryException {
    called("allocate");
    allocations.incrementAndGet();
    return track(new FakeRegion(request.byteSize(), request.name()));
  }

  private FakeRegion track(FakeRegion region) {
    open.add(region);
    return region;
  }

  @Override
  public MemoryRegion open(OpenRequest request) throws MemoryException {
    called("open");
    byte[] content = stored.get(request.name());
    if (content == null) {
      throw MemoryException.of("open", request.name(), "no such region", "");
    }
    FakeRegion region = new FakeRegion(content.length, request.name());
    region.segment.copyFrom(MemorySegment.ofArray(content));
    return track(region);
  }

  @Override
  public List<StoredRegion> stored() {
    return stored.keySet().stream()
        .map(n -> new StoredRegion(n, 1, Path.of(n), StoredRegion.State.CLOSED, "", Instant.EPOCH))
        .toList();
  }

  @Override
  public void delete(String regionName) throws MemoryException {
    called("delete");
    if (stored.remove(regionName) == null) {
      throw MemoryException.of("delete", regionName, "no such region", "");
    }
  }

  @Override
  public List<MemoryRegion> regions() {
    return List.copyOf(open);
  }

  @Override
  public ProviderStatistics statistics() {
    return new ProviderStatistics(open.size(), 0, Long.MAX_VALUE, allocations.get(), 0, 0);
  }

  @Override
  public List<StoreFinding> verify() {
    return List.of();
  }

  /** One region. */
  public final class FakeRegion implements MemoryRegion {
    private final Arena arena = Arena.ofShared();
    private final long id = RegionIds.next();
    private final long byteSize;
    private final @Nullable String regionName;
    private final MemorySegment segment;
    private volatile boolean resident = true;
    private volatile boolean closed;

    FakeRegion(long byteSize, @Nullable String regionName) {
      this.byteSize = byteSize;
      this.regionName = regionName;
      segment = arena.allocate(byteSize, 4096);
    }

    @Override
    public long id() {
      return id;
    }

    @Override
    public long byteSize() {
      return byteSize;
    }

    @Override
    public RegionInfo info() {
      return new RegionInfo(
          id,
          regionName,
          name,
          byteSize,
          !closed,
          RegionOptions.DEFAULT.withSharing(Sharing.SHARED).withPattern(AccessPattern.NORMAL),
          path,
          "test memory",
          Instant.EPOCH,
          0,
          false,
          null,
          Set.of());
    }

    @Override
    public Access acquire() {
      if (closed) {
        throw new IllegalStateException("region " + id + " is closed");
      }
      return new Access() {
        @Override
        public MemorySegment segment() {
          return segment;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public void force(long offset, long length) throws MemoryException {
      called("force");
    }

    @Override
    public void advise(Advice advice, long offset, long length) throws MemoryException {
      called("advise " + advice);
      resident = advice != Advice.PAGE_OUT;
    }

    @Override
    public void prefetch(long[] offsets, long length) throws MemoryException {
      called("prefetch " + offsets.length);
    }

    @Override
    public void release(long offset, long length) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void limitResident(long budgetBytes) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Residency residency(long offset, long length) {
      long held = resident ? length : 0;
      return new Residency(length, held, held, 0, 0, 0, 0, "test");
    }

    @Override
    public void apply(SwapPolicy policy) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void resize(long newByteSize) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        if (regionName != null) {
          stored.put(regionName, segment.toArray(ValueLayout.JAVA_BYTE));
        }
        open.remove(this);
        arena.close();
      }
    }
  }
}
