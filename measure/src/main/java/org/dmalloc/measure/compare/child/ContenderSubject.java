/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import com.google.gson.Gson;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.linux.LibraryHeap;
import org.dmalloc.measure.BlockSource;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.RegionPages;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workloads;
import org.jspecify.annotations.Nullable;

/** A contender of a comparison: a region, malloc, a heap in a region, or a buffer pool. */
public final class ContenderSubject implements Subject {
  private final Spec spec;
  private final @Nullable MemoryProvider provider;
  private final @Nullable BlockSource blocks;
  private final IndexWorkloads index = new IndexWorkloads();
  private final BlockWorkloads smallBlocks;
  private @Nullable HeapStore heap;

  /**
   * The description of a contender.
   *
   * @param provider its name in {@link Dmalloc}; empty for kinds without regions
   * @param properties the provider's configuration: text or lists of text
   * @param pattern the access pattern of the request; null for the one that fits each workload
   * @param policy the swap policy of the request; null for none
   * @param budgetBytes the region's resident budget; 0 for none
   * @param poolBytes the frames of a buffer pool; 0 for other kinds
   */
  public record Spec(
      Kind kind,
      String provider,
      Map<String, List<String>> properties,
      @Nullable String pattern,
      @Nullable String policy,
      long budgetBytes,
      long poolBytes) {}

  public enum Kind {
    PROVIDER,
    LIBRARY_HEAP,
    /** A heap of ours in a region of a provider. */
    HEAP,
    BUFFER_POOL;

    /** Whether it has regions of a provider. */
    boolean hasRegions() {
      return this == PROVIDER || this == HEAP;
    }

    /** Whether a program can have many small blocks of it. */
    public boolean givesBlocks() {
      return this == LIBRARY_HEAP || this == HEAP;
    }
  }

  private ContenderSubject(Spec spec, Path directory) throws IOException {
    this.spec = spec;
    provider =
        spec.kind.hasRegions()
            ? Dmalloc.open().start(spec.provider, TypedText.values(spec.properties))
            : null;
    blocks =
        switch (spec.kind) {
          case PROVIDER ->
              BlockSource.regions(
                  requireProvider(),
                  request(requireProvider(), BlockSource.BLOCK_BYTES, directory));
          case LIBRARY_HEAP -> new LargeLibraryBlocks();
          case HEAP -> new LargeHeapBlocks();
          case BUFFER_POOL -> null;
        };
    smallBlocks =
        new BlockWorkloads(
            blockBytes ->
                spec.kind == Kind.HEAP
                    ? new HeapBlocks(region(directory, HeapBlocks.regionBytes(blockBytes)))
                    : new LibraryBlocks());
  }

  public static void main(String[] arguments) throws IOException {
    ChildProcess.main(
        task ->
            new ContenderSubject(
                new Gson().fromJson(task.subject(), Spec.class), Path.of(task.directory())));
  }

  private MemoryProvider requireProvider() {
    MemoryProvider made = provider;
    if (made == null) {
      throw new IllegalStateException(spec.kind + " has no provider");
    }
    return made;
  }

  private static RegionRequest request(MemoryProvider provider, long byteSize, Path directory) {
    RegionRequest request = RegionRequest.ofSize(byteSize).withOwner("compare");
    return provider.capabilities().contains(Capability.DIRECTORY)
        ? request.withDirectory(directory)
        : request;
  }

  @Override
  public PageStore open(Path directory, long byteSize, String step) throws IOException {
    smallBlocks.insteadOf(byteSize);
    return switch (spec.kind) {
      case LIBRARY_HEAP ->
          new SegmentStore(arena -> LibraryHeap.allocate(byteSize, arena), "malloc");
      case BUFFER_POOL -> new BufferPool(directory, byteSize, spec.poolBytes);
      case HEAP -> {
        HeapStore opened =
            new HeapStore(region(directory, HeapBlocks.regionBytes(byteSize)), byteSize);
        heap = opened;
        yield opened;
      }
      case PROVIDER -> new RegionPages(requireProvider(), region(directory, byteSize));
    };
  }

  /** A region with the attributes of this contender. */
  private MemoryRegion region(Path directory, long byteSize) throws MemoryException {
    RegionRequest request = request(requireProvider(), byteSize, directory);
    String pattern = spec.pattern;
    if (pattern != null) {
      request = request.withPattern(AccessPattern.valueOf(pattern));
    }
    String policy = spec.policy;
    if (policy != null) {
      Set<SwapPolicy> policies = EnumSet.of(SwapPolicy.valueOf(policy));
      request = request.withPolicies(policies);
    }
    if (spec.budgetBytes > 0) {
      request = request.withResidentBudget(spec.budgetBytes);
    }
    return requireProvider().allocate(request);
  }

  private HeapStore requireHeap() {
    HeapStore opened = heap;
    if (opened == null) {
      throw new IllegalStateException("the heap is not open");
    }
    return opened;
  }

  @Override
  public @Nullable BlockSource blocks() {
    return blocks;
  }

  @Override
  public Workload workload(String name) {
    return index
        .named(name)
        .or(() -> smallBlocks.named(name))
        .orElseGet(() -> Workloads.named(name));
  }

  @Override
  public boolean takesStoresPlace(Workload workload) {
    return smallBlocks.named(workload.name()).isPresent();
  }

  @Override
  public void closeBlocks() throws IOException {
    smallBlocks.close();
  }

  /** Blocks of the open heap, which may have what earlier blocks had. */
  private final class LargeHeapBlocks implements BlockSource {
    @Override
    public void with(User user) throws IOException {
      requireHeap().with(user);
    }

    @Override
    public boolean zeroed() {
      return requireHeap().zeroed();
    }
  }

  /** Blocks of malloc, whose content is undefined. */
  private static final class LargeLibraryBlocks implements BlockSource {
    @Override
    public void with(User user) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        user.use(LibraryHeap.allocate(BLOCK_BYTES, arena));
      }
    }

    @Override
    public boolean zeroed() {
      return false;
    }
  }
}
