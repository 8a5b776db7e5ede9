/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.Control;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * Blocks are freed by another thread than allocated them, the pattern of P. Larson and M. Krishnan,
 * <i>Memory allocation for long-running server applications</i> (ISMM 1998). A thread replaces each
 * block of a set once and passes the set on to the next thread, so that this frees what the other
 * allocated. A thread that is faster than its neighbour finds no set waiting, and waits for one;
 * {@link Counted} says how many blocks really went from one to the other.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class FreedElsewhere {
  private static final int SETS = 8;
  private static final long WAIT_NANOS = 20_000;
  private static final int SET_SLOTS = MixedSizes.SLOTS / SETS;

  /** A set of blocks, and who replaced all of them last. */
  private static final class Circulating {
    private final Blocks blocks;
    private int allocatedBy;

    Circulating(Blocks blocks, int allocatedBy) {
      this.blocks = blocks;
      this.allocatedBy = allocatedBy;
    }
  }

  /** The sets that wait for each thread. */
  @State(Scope.Benchmark)
  public static class Exchange {
    private final List<Queue<Circulating>> inboxes = new ArrayList<>();

    @Setup(Level.Trial)
    public void open(BenchmarkParams parameters) {
      for (int i = 0; i < parameters.getThreads(); i++) {
        inboxes.add(new ConcurrentLinkedQueue<>());
      }
    }
  }

  /** The set that a thread works on. */
  @State(Scope.Thread)
  public static class Share {
    private int self;
    private Queue<Circulating> inbox;
    private Queue<Circulating> next;
    private Circulating current;
    private Sizes sizes;
    private int slot;

    @Setup(Level.Trial)
    public void fill(MeasuredAllocator allocator, Exchange exchange, ThreadParams thread)
        throws IOException {
      self = thread.getThreadIndex();
      inbox = exchange.inboxes.get(self);
      next = exchange.inboxes.get((self + 1) % exchange.inboxes.size());
      sizes = new Sizes(MeasuredAllocator.seed() + self, Sizes.MOST, SET_SLOTS);
      current = filled(allocator);
      for (int set = 1; set < SETS; set++) {
        next.add(filled(allocator));
      }
    }

    private Circulating filled(MeasuredAllocator allocator) throws IOException {
      Circulating set = new Circulating(allocator.blocks(SET_SLOTS), self);
      for (int i = 0; i < SET_SLOTS; i++) {
        sizes.next();
        set.blocks.replace(i, sizes.size());
      }
      return set;
    }

    /** Gives the set away and takes another; keeps it while the other threads do not measure. */
    private void passOn(Control control) {
      slot = 0;
      current.allocatedBy = self;
      @Nullable Circulating waiting = inbox.poll();
      while (waiting == null && control.startMeasurement && !control.stopMeasurement) {
        LockSupport.parkNanos(WAIT_NANOS);
        waiting = inbox.poll();
      }
      if (waiting != null) {
        next.add(current);
        current = waiting;
      }
    }
  }

  @Benchmark
  public void replace(Share share, Counted counted, Control control) throws IOException {
    counted.operation();
    if (share.slot == SET_SLOTS) {
      share.passOn(control);
    }
    share.sizes.next();
    share.current.blocks.replace(share.slot++, share.sizes.size());
    if (share.current.allocatedBy != share.self) {
      counted.remoteFree();
    }
  }
}
