/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.jcstress;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * What threads that use one heap may see of each other. The heap is one for all rounds, as it is in
 * programs; each round has blocks of its own in it, and gives them back.
 */
public final class HeapOrderings {
  private static final int SMALL = 48;
  private static final int LARGE = 100_000;
  private static final long REFUSED = -1;

  private HeapOrderings() {}

  /** One heap per JVM, in memory without a file. */
  private static final class Shared {
    static final Heap HEAP = make();
    static final MemorySegment MEMORY = HEAP.region().segment();

    private static Heap make() {
      try {
        MemoryRegion region =
            Dmalloc.open()
                .provider("anon")
                .allocate(RegionRequest.ofSize(64 << 20).withMaximum(16L << 30));
        return HeapService.load().create(region, HeapOptions.DEFAULT);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** A call that the heap may refuse. */
  @FunctionalInterface
  private interface Call {
    long of(Heap heap) throws MemoryException;
  }

  /** What it returns, or {@link #REFUSED}. */
  private static long call(Call call) {
    try {
      return call.of(Shared.HEAP);
    } catch (IllegalArgumentException e) {
      return REFUSED;
    } catch (MemoryException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long allocate(long byteSize) {
    return call(heap -> heap.allocate(byteSize));
  }

  /** 1 if it was freed, 0 if that was refused. */
  private static int free(long block) {
    long freed =
        call(
            heap -> {
              heap.free(block);
              return 1;
            });
    return freed == REFUSED ? 0 : 1;
  }

  private static long reallocate(long block, long byteSize) {
    return call(heap -> heap.reallocate(block, byteSize));
  }

  /** 1 if a block was moved there, 0 if that was refused; −1 if it cannot be freed there. */
  private static int freeMoved(long moved) {
    return moved == REFUSED ? 0 : free(moved) == 1 ? 1 : -1;
  }

  /** Stores to all of a block, and says what it reads there. */
  private static int stamp(long block, int byteSize, long value) {
    for (long at = 0; at < byteSize; at += Long.BYTES) {
      Shared.MEMORY.set(JAVA_LONG, block + at, value);
    }
    for (long at = 0; at < byteSize; at += Long.BYTES) {
      if (Shared.MEMORY.get(JAVA_LONG, block + at) != value) {
        return -1;
      }
    }
    return (int) value;
  }

  private static int holds(long block, int byteSize, long value) {
    for (long at = 0; at < byteSize; at += Long.BYTES) {
      if (Shared.MEMORY.get(JAVA_LONG, block + at) != value) {
        return 0;
      }
    }
    return 1;
  }

  /** Of two calls for one block one succeeds. */
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the first one did, the other was refused")
  @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the second one did, the other was refused")
  @Outcome(expect = FORBIDDEN, desc = "both, or none")
  private static final class OneSucceeds {}

  /** A call succeeds, a block is stamped, and all are whole at the end. */
  @Outcome(id = "1, 2, 1", expect = ACCEPTABLE, desc = "all blocks are whole")
  @Outcome(expect = FORBIDDEN, desc = "one block for both, or a free that reached into another")
  private static final class AllAreWhole {}

  /** Of two frees of one block one succeeds. */
  @JCStressTest
  @JCStressMeta(OneSucceeds.class)
  @State
  public static class OneFreeSucceeds {
    private final long block = allocate(SMALL);

    /** Frees it. */
    @Actor
    public void first(II_Result result) {
      result.r1 = free(block);
    }

    /** Frees it, too. */
    @Actor
    public void second(II_Result result) {
      result.r2 = free(block);
    }
  }

  /** The same for a block with pages of its own. */
  @JCStressTest
  @JCStressMeta(OneSucceeds.class)
  @State
  public static class OneFreeOfALargeBlockSucceeds {
    private final long block = allocate(LARGE);

    /** Frees it. */
    @Actor
    public void first(II_Result result) {
      result.r1 = free(block);
    }

    /** Frees it, too. */
    @Actor
    public void second(II_Result result) {
      result.r2 = free(block);
    }
  }

  /** Two allocations give two blocks, and what is stored to one is not seen in the other. */
  @JCStressTest
  @JCStressMeta(AllAreWhole.class)
  @State
  public static class AllocationsDoNotOverlap {
    private long one;
    private long other;

    /** Allocates and stores. */
    @Actor
    public void first(III_Result result) {
      one = allocate(SMALL);
      result.r1 = stamp(one, SMALL, 1);
    }

    /** Allocates and stores, too. */
    @Actor
    public void second(III_Result result) {
      other = allocate(SMALL);
      result.r2 = stamp(other, SMALL, 2);
    }

    /** Looks at both. */
    @Arbiter
    public void arbiter(III_Result result) {
      result.r3 = holds(one, SMALL, 1) & holds(other, SMALL, 2) & free(one) & free(other);
    }
  }

  /** A block of this thread is freed by another, while this one allocates in its place. */
  @JCStressTest
  @JCStressMeta(AllAreWhole.class)
  @State
  public static class AFreeLeavesTheNextBlockAlone {
    private final long block = allocate(SMALL);
    private long next;

    /** Frees what another thread has allocated. */
    @Actor
    public void freeing(III_Result result) {
      result.r1 = free(block);
    }

    /** Allocates, maybe at the same place. */
    @Actor
    public void allocating(III_Result result) {
      next = allocate(SMALL);
      result.r2 = stamp(next, SMALL, 2);
    }

    /** Looks at the new block. */
    @Arbiter
    public void arbiter(III_Result result) {
      result.r3 = holds(next, SMALL, 2) & free(next);
    }
  }

  /** Three threads: a free, an allocation of one size, and one of many blocks. */
  @JCStressTest
  @JCStressMeta(AllAreWhole.class)
  @State
  public static class BulkAllocationsDoNotOverlap {
    private final long block = allocate(SMALL);
    private final long[] many = new long[4];
    private long next;

    /** Frees. */
    @Actor
    public void freeing(III_Result result) {
      result.r1 = free(block);
    }

    /** Allocates one. */
    @Actor
    public void allocating(III_Result result) {
      next = allocate(SMALL);
      result.r2 = stamp(next, SMALL, 2);
    }

    /** Allocates many. */
    @Actor
    public void bulk() {
      try {
        Shared.HEAP.allocate(SMALL, many, 0, many.length);
      } catch (MemoryException e) {
        throw new UncheckedIOException(e);
      }
      for (long each : many) {
        stamp(each, SMALL, 3);
      }
    }

    /** Looks at all. */
    @Arbiter
    public void arbiter(III_Result result) {
      int whole = holds(next, SMALL, 2) & free(next);
      for (long each : many) {
        whole &= holds(each, SMALL, 3) & free(each);
      }
      result.r3 = whole;
    }
  }

  /** A size that is asked for while the block is freed is the block's, or refused. */
  @JCStressTest
  @Outcome(id = "48", expect = ACCEPTABLE, desc = "before the free")
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "after the free")
  @Outcome(expect = FORBIDDEN, desc = "a size that no block has")
  @State
  public static class SizeBesideAFree {
    private final long block = allocate(SMALL);

    /** Frees it. */
    @Actor
    public void freeing() {
      free(block);
    }

    /** Asks for its size. */
    @Actor
    public void asking(I_Result result) {
      result.r1 = (int) call(heap -> heap.usableSize(block));
    }
  }

  /** A block is moved to a larger one, or freed; never both. */
  @JCStressTest
  @JCStressMeta(OneSucceeds.class)
  @State
  public static class ReallocationBesideAFree {
    private final long block = allocate(SMALL);
    private long moved;

    /** Moves it. */
    @Actor
    public void moving() {
      moved = reallocate(block, 1000);
    }

    /** Frees it. */
    @Actor
    public void freeing(II_Result result) {
      result.r2 = free(block);
    }

    /** Frees what it was moved to. */
    @Arbiter
    public void arbiter(II_Result result) {
      result.r1 = freeMoved(moved);
    }
  }

  /** Of two moves of one block one succeeds. */
  @JCStressTest
  @JCStressMeta(OneSucceeds.class)
  @State
  public static class OneReallocationSucceeds {
    private final long block = allocate(SMALL);
    private long one;
    private long other;

    /** Moves it. */
    @Actor
    public void first() {
      one = reallocate(block, 1000);
    }

    /** Moves it, too. */
    @Actor
    public void second() {
      other = reallocate(block, 2000);
    }

    /** Frees what it was moved to. */
    @Arbiter
    public void arbiter(II_Result result) {
      result.r1 = freeMoved(one);
      result.r2 = freeMoved(other);
    }
  }
}
