/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.PrimitiveIterator;
import java.util.function.Consumer;
import org.dmalloc.benchmarks.peers.store.PageStore;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.benchmarks.peers.store.StorePlace;
import org.dmalloc.benchmarks.peers.store.Use;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PagePermutation;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.ZipfianRanks;
import org.dmalloc.measure.machine.BlockDevice;
import org.dmalloc.measure.machine.ProcessCounters;
import org.dmalloc.spi.machine.KernelFiles;
import org.jspecify.annotations.Nullable;

/** Runs rows over one contender, each from cold, and measures them. One thread uses it. */
public final class RowRunner implements AutoCloseable {
  private static final double THETA = 0.99;

  /** Drawn before the time runs, because a draw takes as long as a hit. */
  private static final int ZIPF_DRAWS = 1 << 20;

  private static final double STORE_SHARE = 0.05;

  /** Of the pages: what random writes change at most. */
  private static final int WRITTEN_SHARE = 50;

  /** Of the pages: random ones in a row that also scans. */
  private static final int TOUCHED_SHARE = 32;

  /** Half of the pages are read in order, and one share at random. */
  public static final int SCANNED_TO_TOUCHED_IN_HALVES = TOUCHED_SHARE / 2;

  /** Half of the pages are read in order, and twice a share at random. */
  public static final int SCANNED_TO_TOUCHED_IN_PHASES = SCANNED_TO_TOUCHED_IN_HALVES / 2;

  /** Of the changed pages, how many are looked at again afterwards. */
  private static final int LOOKED_AT_AGAIN = 1000;

  /** The clock is read about once in this time, so that reading it costs nothing. */
  private static final long CLOCK_NANOS = 1_000_000;

  private static final int LARGEST_GROUP = 256;

  private final Peer peer;
  private final StorePlace place;
  private final PageContent content;
  private final long pages;
  private final long cellNanos;
  private final long fillNanos;
  private final RandomStream random;
  private final String device;
  private final KernelFiles files = KernelFiles.ofThisMachine();
  private @Nullable PageStore store;

  /**
   * A runner over an empty directory.
   *
   * @param cellNanos how long to measure a row
   * @param fillNanos how long to measure the fill at most
   * @param seed decides the content
   * @param stream makes the random choices differ from those of others
   * @param device name of the block device whose traffic is counted; empty for none
   */
  public RowRunner(
      Peer peer,
      StorePlace place,
      long cellNanos,
      long fillNanos,
      long seed,
      long stream,
      String device) {
    this.peer = peer;
    this.place = place;
    this.cellNanos = cellNanos;
    this.fillNanos = fillNanos;
    this.device = device;
    content = new PageContent(seed);
    random = new RandomStream(seed ^ RandomStream.mix(stream));
    pages = place.pageCount();
  }

  /** One page's use. */
  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  /** What the kernel counts, read at one moment. */
  private record Counters(long readBytes, long writtenBytes) {}

  private Counters counters() {
    Optional<BlockDevice.Traffic> traffic =
        device.isEmpty()
            ? Optional.empty()
            : BlockDevice.ofDeviceFile(files, "/dev/" + device).flatMap(d -> d.traffic(files));
    return new Counters(
        ProcessCounters.read(files).readBytes(),
        traffic.map(BlockDevice.Traffic::writtenBytes).orElse(-1L));
  }

  private static long difference(long later, long earlier) {
    return later < 0 || earlier < 0 ? -1 : later - earlier;
  }

  /**
   * Makes the store and fills it.
   *
   * @param notes hears what the store says about itself
   */
  public RowRun fill(Consumer<String> notes) throws IOException {
    Counters before = counters();
    long begin = System.nanoTime();
    PageStore made = peer.opener().open(place, Use.FILL);
    store = made;
    long opened = System.nanoTime() - begin;
    long[] page = {0};
    RowRun.Part part =
        measure(
            "fill",
            pages,
            made.fillsInParts() ? fillNanos : Long.MAX_VALUE,
            () -> made.fill(page[0]++, content));
    long force = force(made);
    Counters after = counters();
    notes.accept(made.note());
    if (page[0] < pages) {
      made.fillRest(page[0], pages, content);
      made.force();
    }
    return new RowRun(
        Row.FILL,
        List.of(part),
        opened,
        force,
        part.pages(),
        difference(after.readBytes(), before.readBytes()),
        difference(after.writtenBytes(), before.writtenBytes()));
  }

  /** Why this contender has no way to do a row; empty if it has. */
  public Optional<String> lacks(Row row) throws IOException {
    if (row.stores() && !opened(row.use()).writable()) {
      return Optional.of("its files are written once");
    }
    if (row == Row.BATCH_READ && !opened(row.use()).announces()) {
      return Optional.of("it has no call to announce pages");
    }
    return Optional.empty();
  }

  /** Runs a row other than the fill, which must have been run before. */
  public RowRun run(Row row) throws IOException {
    PageStore cold = cold(row.use());
    return switch (row) {
      case FILL -> throw new IllegalArgumentException("the fill is run by itself");
      case SCAN -> single(row, scan(cold, pages, cellNanos));
      case RANDOM_READ -> single(row, touches(cold, "random", pages, cellNanos));
      case BATCH_READ -> single(row, batches(cold));
      case RANDOM_WRITE -> randomWrite(cold);
      case ZIPF -> zipf(cold);
      case MIXED -> mixed(cold);
      case PHASES -> phases(cold);
      case HALVES -> single(row, halves(cold));
    };
  }

  private PageStore opened(Use use) throws IOException {
    PageStore open = store;
    if (open == null) {
      open = peer.opener().open(place, use);
      store = open;
    }
    return open;
  }

  /** The store with nothing of it in RAM, opened for a use. */
  private PageStore cold(Use use) throws IOException {
    PageStore open = store;
    if (open == null || !open.forget()) {
      close();
      ColdFiles.drop(place.directory());
    }
    return opened(use);
  }

  @Override
  public void close() throws IOException {
    PageStore open = store;
    if (open != null) {
      store = null;
      open.close();
    }
  }

  /** Something that measures itself. */
  @FunctionalInterface
  private interface Measured {
    RowRun.Part run() throws IOException;
  }

  private RowRun single(Row row, Measured measured) throws IOException {
    Counters before = counters();
    RowRun.Part part = measured.run();
    Counters after = counters();
    return new RowRun(
        row,
        List.of(part),
        0,
        0,
        0,
        difference(after.readBytes(), before.readBytes()),
        difference(after.writtenBytes(), before.writtenBytes()));
  }

  private Measured scan(PageStore open, long count, long capNanos) {
    long[] page = {0};
    return () -> measure("in order", count, capNanos, () -> open.checkAll(page[0]++, content));
  }

  private Measured touches(PageStore open, String name, long count, long capNanos) {
    PagePermutation order = new PagePermutation(pages, random.next());
    long[] index = {0};
    return () ->
        measure(name, count, capNanos, () -> open.checkStamp(order.at(index[0]++), content));
  }

  private Measured batches(PageStore open) {
    PagePermutation order = new PagePermutation(pages, random.next());
    return () -> {
      long begin = System.nanoTime();
      long done =
          open.checkAnnounced(
              new PrimitiveIterator.OfLong() {
                private long index;
                private boolean late;

                @Override
                public boolean hasNext() {
                  if (index % LARGEST_GROUP == 0) {
                    late = System.nanoTime() - begin >= cellNanos;
                  }
                  return !late && index < pages;
                }

                @Override
                public long nextLong() {
                  return order.at(index++);
                }
              },
              content);
      return new RowRun.Part("announced", pages, done, System.nanoTime() - begin);
    };
  }

  private RowRun randomWrite(PageStore open) throws IOException {
    PagePermutation order = new PagePermutation(pages, random.next());
    long[] index = {0};
    Counters before = counters();
    RowRun.Part part =
        measure(
            "random",
            Math.max(1, pages / WRITTEN_SHARE),
            2 * cellNanos,
            () -> open.setMark(order.at(index[0]++), content));
    long force = force(open);
    Counters after = counters();
    PageStore again = cold(Use.RANDOM);
    long step = Math.max(1, part.pages() / LOOKED_AT_AGAIN);
    long deadline = System.nanoTime() + cellNanos;
    for (long i = 0; i < part.pages() && System.nanoTime() < deadline; i += step) {
      again.checkMark(order.at(i), content);
    }
    return new RowRun(
        Row.RANDOM_WRITE,
        List.of(part),
        0,
        force,
        part.pages(),
        difference(after.readBytes(), before.readBytes()),
        difference(after.writtenBytes(), before.writtenBytes()));
  }

  private RowRun zipf(PageStore open) throws IOException {
    ZipfianRanks ranks = new ZipfianRanks(pages, THETA);
    PagePermutation spread = new PagePermutation(pages, random.next());
    long[] draws = new long[ZIPF_DRAWS];
    for (int i = 0; i < draws.length; i++) {
      draws[i] = spread.at(ranks.next(random));
    }
    int[] at = {0};
    Step step = () -> open.checkStamp(draws[at[0]++ & (ZIPF_DRAWS - 1)], content);
    measure("before", Long.MAX_VALUE, cellNanos, step);
    return single(Row.ZIPF, () -> measure("zipf", Long.MAX_VALUE, cellNanos, step));
  }

  private RowRun mixed(PageStore open) throws IOException {
    BitSet changed = new BitSet(Math.toIntExact(pages));
    RandomStream choice = new RandomStream(random.next());
    Step step =
        () -> {
          long page = choice.below(pages);
          if (choice.nextDouble() < STORE_SHARE) {
            open.setMark(page, content);
            changed.set((int) page);
          } else {
            open.checkStamp(page, content);
          }
        };
    measure("before", Long.MAX_VALUE, cellNanos, step);
    open.force();
    changed.clear();
    Counters before = counters();
    RowRun.Part part = measure("mixed", Long.MAX_VALUE, cellNanos, step);
    long force = force(open);
    Counters after = counters();
    return new RowRun(
        Row.MIXED,
        List.of(part),
        0,
        force,
        changed.cardinality(),
        difference(after.readBytes(), before.readBytes()),
        difference(after.writtenBytes(), before.writtenBytes()));
  }

  private RowRun phases(PageStore open) throws IOException {
    long touched = Math.max(1, pages / TOUCHED_SHARE);
    List<Measured> phases =
        List.of(
            touches(open, "random", touched, cellNanos),
            scan(open, Math.max(1, pages / 2), cellNanos),
            touches(open, "random again", touched, cellNanos));
    List<RowRun.Part> parts = new ArrayList<>();
    Counters before = counters();
    for (Measured phase : phases) {
      parts.add(phase.run());
    }
    Counters after = counters();
    return new RowRun(
        Row.PHASES,
        parts,
        0,
        0,
        0,
        difference(after.readBytes(), before.readBytes()),
        difference(after.writtenBytes(), before.writtenBytes()));
  }

  /** Some pages of the lower half in order, then one of the upper half at random, in turn. */
  private Measured halves(PageStore open) {
    long lower = Math.max(1, pages / 2);
    PagePermutation order = new PagePermutation(pages - lower, random.next());
    int scanned = SCANNED_TO_TOUCHED_IN_HALVES;
    return () ->
        measure(
            "both",
            lower + lower / scanned,
            2 * cellNanos,
            new Step() {
              private long page;
              private long index;
              private int turn;

              @Override
              public void run() throws IOException {
                if (turn++ < scanned) {
                  open.checkAll(page++ % lower, content);
                } else {
                  turn = 0;
                  open.checkStamp(lower + order.at(index++ % (pages - lower)), content);
                }
              }
            });
  }

  private static long force(PageStore open) throws IOException {
    long begin = System.nanoTime();
    open.force();
    return System.nanoTime() - begin;
  }

  /** Steps until the work or the time is over. */
  private static RowRun.Part measure(String name, long work, long capNanos, Step step)
      throws IOException {
    long begin = System.nanoTime();
    long now = begin;
    long done = 0;
    int group = 1;
    while (done < work && now - begin < capNanos) {
      int count = (int) Math.min(group, work - done);
      for (int i = 0; i < count; i++) {
        step.run();
      }
      done += count;
      long end = System.nanoTime();
      group = end - now < CLOCK_NANOS ? Math.min(LARGEST_GROUP, 2 * group) : Math.max(1, group / 2);
      now = end;
    }
    return new RowRun.Part(name, work, done, now - begin);
  }
}
