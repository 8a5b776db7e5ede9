/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Finds the order in which one region's pages come in, and advises the kernel.
 *
 * <p><b>The rule.</b> Everything is RANDOM, but for a window ahead of each <i>stream</i>: a thread
 * that goes through pages one after the other, up or down. The window is NORMAL, moves with the
 * stream and ends with it. So a random access is right from the first one on, wherever it goes, and
 * a stream pays for the pages before it is noticed.
 *
 * <p><b>The opening.</b> Most scans and fills begin at the start, so that the region begins as if
 * one were going on there, with a window. It ends when nothing has come of it: a random access pays
 * for that at most once, with one readahead.
 *
 * <p><b>Noticing.</b> Every n-th block of 512 pages is a <i>sensor</i>: its mapped pages are
 * compared with those of the last look. A run of newly mapped pages with hardly any others beside
 * it, which has grown at the next look, is a stream. Single pages say nothing, and neither do the
 * 16 that the kernel maps around a page that is in the cache already.
 *
 * <p><b>Large folios.</b> What the kernel reads ahead, or makes for a writer in order, it makes in
 * large folios, and a store to one page later writes all of one. Blocks that a window went over are
 * remembered, and their folios are split once they are clean.
 *
 * <p>Not thread-safe: the caller holds a lock.
 */
final class PatternLearner {
  static final int BLOCK_PAGES = 512;

  /**
   * What a stream gets. Not SEQUENTIAL: for a fault that does not follow a read(2) the kernel
   * (6.18) takes that as a single large read, in small folios and with nothing on the way behind
   * it, unless it is on the file's first page; measured, half the speed and less. NORMAL reads
   * around the first fault, and from then on ahead, in growing folios, while the stream uses what
   * is there.
   */
  static final AccessPattern AHEAD = AccessPattern.NORMAL;

  /** Newly mapped pages in a row that make a suspect: more than the kernel maps around a fault. */
  static final int RUN_PAGES = 32;

  /** What a suspect must have grown by at the next look. */
  private static final int GROWTH_PAGES = 8;

  /** Pages in a row that say: the stream was here. By chance, 16 are not found. */
  private static final int PROBE_PAGES = 16;

  /** The more sensors, the earlier a stream crosses one, and the longer a look takes. */
  private static final int SENSORS = 256;

  private static final int MAX_STRIDE = 32;

  /** Ahead of a stream: 8 MiB at first, doubled while it goes on. */
  private static final long FIRST_WINDOW_PAGES = 2048;

  private static final long MAX_WINDOW_PAGES = 32768;
  private static final long BEHIND_PAGES = 8192;
  private static final long KEPT_BEHIND_PAGES = 256;

  /** Ahead of the stream that may begin at the start: what a fill takes some milliseconds for. */
  static final long OPENING_PAGES = 4096;

  private static final long OPENING_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** What a gap between two looks counts for at most while an opening is waited for. */
  private static final long OPENING_GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static final long STALL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int STALL_LOOKS = 3;
  private static final long MIN_DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long MAX_DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** Each is an area of the kernel's, of which a process has 65,530. */
  private static final int MAX_STREAMS = 32;

  private static final int MAX_SUSPECTS = 16;
  private static final int SUSPECT_LOOKS = 5;
  private static final int MAX_RESTING = 16;
  private static final long SPLIT_PAGES = 4096;
  private static final int SPLIT_LOOKS = 64;
  private static final long CALM_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** How much of each sensor a look reads. */
  enum Sight {
    /** All of it: a stream that crosses is seen as long as it does. */
    WIDE(BLOCK_PAGES),
    /** Its first pages, at a third of the cost: it is seen that a stream has crossed. */
    NARROW(BLOCK_PAGES / 4);

    private final int pages;

    Sight(int pages) {
      this.pages = pages;
    }
  }

  /** Nothing to do until something happens. */
  static final long NEVER = Long.MAX_VALUE;

  private final Memory memory;
  private final Listener listener;
  private final boolean splits;
  private final PageRanges pins = new PageRanges();
  private final List<Stream> streams = new ArrayList<>();
  private final List<Suspect> suspects = new ArrayList<>();
  private final Deque<Stream> resting = new ArrayDeque<>();
  private final BitSet largeBlocks = new BitSet();

  /** The stream that may begin at the start; null when one has, or it is given up. */
  private @Nullable Stream opening;

  private long openingNanos;
  private long openingLookAt;

  /** Gone over once: a folio that was in use for a moment, in a processor's list, was left. */
  private final BitSet splitOnce = new BitSet();

  private final long[] bits = new long[BLOCK_PAGES / 64];
  private long[] lastSeen = new long[0];
  private int stride = 1;
  private boolean written;
  private boolean dirtyUnknown;
  private boolean forced;
  private long streamAt;
  private int splitAt;
  private boolean splitInRound;
  private long freshPages;

  /** The memory of a region, in pages. */
  interface Memory {
    /** How many it has; may change, and then {@link #resized()} is called. */
    long pageCount();

    /** Sets a bit for each page that is mapped. */
    void mapped(long first, int count, long[] bits) throws MemoryException;

    /** Tells the kernel; the range is not empty. */
    void advise(AccessPattern pattern, long first, long count) throws MemoryException;

    /** Pages changed and not written; negative if unknown. */
    long dirtyPages(long first, long count);

    /** Splits large folios. */
    void split(long first, long count) throws MemoryException;
  }

  /** Is told what is decided. */
  interface Listener {
    /** A change of advice, with what led to it. */
    void changed(
        long firstPage, long pageCount, AccessPattern from, AccessPattern to, String evidence);

    /** A stream was found. */
    void streamFound();
  }

  /** A run of pages that may be growing. */
  private static final class Suspect {
    private long low;
    private long high;
    private int looks;
  }

  /** A run that grows: {@code sign} is 1 for up, −1 for down. */
  private static final class Stream {
    private final int sign;

    /** The first page that was not mapped at the last look. */
    private long front;

    /** The front when the sensors were read the last time. */
    private long sensedFront;

    /** The window: from its first page in the stream's direction to the first behind it. */
    private long tail;

    private long head;
    private long windowPages;
    private long progressAt;
    private int looksWithout;
    private double pagesPerNano;

    Stream(int sign, long front, long now) {
      this.sign = sign;
      this.front = front;
      this.sensedFront = front;
      this.tail = front;
      this.head = front;
      this.windowPages = FIRST_WINDOW_PAGES;
      this.progressAt = now;
    }
  }

  /**
   * A learner for memory that has its advice still to get; see {@link #begin}.
   *
   * @param splits whether to split large folios: stores reach the file
   * @param written whether stores are expected: it is fresh
   */
  PatternLearner(Memory memory, Listener listener, boolean splits, boolean written) {
    this.memory = memory;
    this.listener = listener;
    this.splits = splits;
    this.written = written;
  }

  /**
   * Gives all of the memory its first advice.
   *
   * @param empty whether it may be gone through from the start, and no page is mapped
   */
  void begin(boolean empty, long now) throws MemoryException {
    memory.advise(AccessPattern.RANDOM, 0, memory.pageCount());
    arrange();
    if (empty) {
      Stream first = new Stream(1, 0, now);
      first.windowPages = OPENING_PAGES;
      first.head = Math.min(OPENING_PAGES, memory.pageCount());
      opening = first;
      openingLookAt = now;
      memory.advise(AHEAD, 0, first.head);
    }
  }

  /** Takes the opening for a stream if it has become one. */
  private void openingLook(long now) throws MemoryException {
    Stream first = opening;
    if (first == null) {
      return;
    }
    if (reach(0, 1, RUN_PAGES) == Math.min(RUN_PAGES, memory.pageCount())) {
      opening = null;
      first.progressAt = openingLookAt;
      streams.add(first);
      cameInLarge(low(first), high(first));
      listener.streamFound();
    }
    openingLookAt = now;
  }

  private void endOpening(String why, long now) throws MemoryException {
    Stream first = opening;
    if (first != null) {
      opening = null;
      cameInLarge(low(first), high(first));
      change(first.tail, first.head, 1, AHEAD, AccessPattern.RANDOM, why);
      openingLookAt = now;
    }
  }

  private void arrange() {
    long blocks = (memory.pageCount() + BLOCK_PAGES - 1) / BLOCK_PAGES;
    stride = Math.clamp(Long.highestOneBit(Math.max(1, blocks / SENSORS)), 1, MAX_STRIDE);
    lastSeen = new long[Math.toIntExact((blocks + stride - 1) / stride * bits.length)];
  }

  /** Adapts to another size; what is not pinned is RANDOM then. */
  void resized() throws MemoryException {
    long pageCount = memory.pageCount();
    opening = null;
    streams.clear();
    suspects.clear();
    resting.clear();
    pins.clear(pageCount, Long.MAX_VALUE);
    for (long[] gap : pins.gaps(0, pageCount)) {
      memory.advise(AccessPattern.RANDOM, gap[0], gap[1] - gap[0]);
    }
    long[] old = lastSeen;
    int oldStride = stride;
    arrange();
    if (stride == oldStride) {
      System.arraycopy(old, 0, lastSeen, 0, Math.min(old.length, lastSeen.length));
    }
    largeBlocks.clear(Math.toIntExact(pageCount / BLOCK_PAGES) + 1, Integer.MAX_VALUE);
  }

  /** Gives up: what is not pinned becomes NORMAL, the kernel's own heuristics. */
  void giveUp() throws MemoryException {
    opening = null;
    streams.clear();
    for (long[] gap : pins.gaps(0, memory.pageCount())) {
      memory.advise(AccessPattern.NORMAL, gap[0], gap[1] - gap[0]);
    }
  }

  /**
   * Notes a pattern that the owner chose; the kernel has been told. It is never overridden. Streams
   * that it meets are let go.
   */
  void pin(long first, long count, AccessPattern pattern, long now) throws MemoryException {
    pins.set(first, first + count, pattern);
    if (opening != null && first < opening.head) {
      endOpening("advised by hand", now);
    }
    for (Iterator<Stream> all = streams.iterator(); all.hasNext(); ) {
      Stream stream = all.next();
      if (low(stream) < first + count && high(stream) > first) {
        all.remove();
        end(stream, "advised by hand", now);
      }
    }
  }

  /** The page that ends the streams that a range meets, and makes it RANDOM, before a populate. */
  List<long[]> unpinned(long first, long end) {
    return pins.gaps(first, end);
  }

  /** Ends all streams, and makes their windows RANDOM. */
  void endStreams(String why, long now) throws MemoryException {
    endOpening(why, now);
    List<Stream> ending = List.copyOf(streams);
    streams.clear();
    for (Stream stream : ending) {
      end(stream, why, now);
    }
  }

  /** Notes that pages came in by other means in large folios. */
  void cameInLarge(long first, long end) {
    if (splits && end > first) {
      forced = false;
      int firstBlock = Math.toIntExact(first / BLOCK_PAGES);
      int endBlock = Math.toIntExact((end + BLOCK_PAGES - 1) / BLOCK_PAGES);
      largeBlocks.set(firstBlock, endBlock);
      splitOnce.clear(firstBlock, endBlock);
    }
  }

  /**
   * Looks at what streams and suspects have done since the last look.
   *
   * @return nanoseconds until the next look is due, {@link #NEVER} if there are none
   */
  long follow(long now) throws MemoryException {
    openingLook(now);
    for (Iterator<Suspect> all = suspects.iterator(); all.hasNext(); ) {
      Suspect suspect = all.next();
      if (resolve(suspect, now)) {
        all.remove();
      }
    }
    long due = suspects.isEmpty() ? NEVER : MIN_DUE_NANOS;
    for (Iterator<Stream> all = streams.iterator(); all.hasNext(); ) {
      Stream stream = all.next();
      if (advance(stream, now)) {
        due = Math.min(due, due(stream));
      } else {
        all.remove();
      }
    }
    return due;
  }

  /** Reads all sensors, whole or in part; what it suspects, {@link #follow} proves or drops. */
  void sense(Sight sight, long now) throws MemoryException {
    if (opening != null) {
      openingNanos += Math.min(OPENING_GAP_NANOS, now - openingLookAt);
      if (openingNanos > OPENING_NANOS) {
        endOpening("nothing began at the start", now);
      }
    }
    freshPages = 0;
    long pageCount = memory.pageCount();
    for (int sensor = 0; sensor < lastSeen.length / bits.length; sensor++) {
      long first = (long) sensor * stride * BLOCK_PAGES;
      int count = (int) Math.min(sight.pages, pageCount - first);
      Arrays.fill(bits, 0L); // the last may be shorter
      memory.mapped(first, count, bits);
      inspect(first, sensor * bits.length, sight.pages / 64);
    }
    for (Stream stream : streams) {
      stream.sensedFront = stream.front;
    }
    for (Iterator<Stream> all = resting.iterator(); all.hasNext(); ) {
      Stream old = all.next();
      if (reach(old.front, old.sign, PROBE_PAGES) == PROBE_PAGES) {
        all.remove();
        open(old.sign, old.front, now, "goes on where it had rested");
      }
    }
  }

  /** Newly mapped pages that the sensors saw at the last look. */
  long freshPages() {
    return freshPages;
  }

  /** How many sensors a look reads. */
  int sensors() {
    return lastSeen.length / bits.length;
  }

  boolean hasStreams() {
    return !streams.isEmpty() || !suspects.isEmpty();
  }

  /**
   * Looks for the run of mapped pages with the most new ones in it. Old ones do not end a run: a
   * scan of what was used at random before meets them all along.
   */
  private void inspect(long first, int offset, int words) {
    int fresh = 0;
    int run = 0;
    int freshInRun = 0;
    int best = 0;
    int bestLength = 0;
    int bestEnd = 0;
    for (int word = 0; word < words; word++) {
      long now = bits[word];
      long added = now & ~lastSeen[offset + word];
      lastSeen[offset + word] = now;
      fresh += Long.bitCount(added);
      if (now == 0) {
        run = 0;
        freshInRun = 0;
        continue;
      }
      for (int bit = 0; bit < 64; bit++) {
        if ((now >>> bit & 1) == 0) {
          run = 0;
          freshInRun = 0;
          continue;
        }
        run++;
        freshInRun += (int) (added >>> bit & 1);
        if (freshInRun > best) {
          best = freshInRun;
          bestLength = run;
          bestEnd = word * 64 + bit + 1;
        }
      }
    }
    freshPages += fresh;
    if (best >= (best == bestLength ? RUN_PAGES : 2 * RUN_PAGES)
        && 2 * best >= bestLength
        && fresh - best <= best / 4) {
      suspect(first + bestEnd - bestLength, first + bestEnd);
    }
  }

  private void suspect(long low, long high) {
    if (suspects.size() >= MAX_SUSPECTS || pins.gaps(low, high).isEmpty()) {
      return;
    }
    for (Stream stream : streams) {
      long from = Math.min(stream.sensedFront, stream.tail) - BLOCK_PAGES;
      long to = Math.max(stream.head, stream.sensedFront) + BLOCK_PAGES;
      if (stream.sign < 0) {
        from = Math.min(stream.head, stream.sensedFront) - BLOCK_PAGES;
        to = Math.max(stream.sensedFront, stream.tail) + BLOCK_PAGES;
      }
      if (low >= from && high <= to) {
        return;
      }
    }
    for (Suspect known : suspects) {
      if (low <= known.high && high >= known.low) {
        return;
      }
    }
    Suspect suspect = new Suspect();
    suspect.low = low;
    suspect.high = high;
    suspects.add(suspect);
  }

  /** Whether nothing is left to prove. */
  private boolean resolve(Suspect suspect, long now) throws MemoryException {
    long up = reach(suspect.high, 1, MAX_WINDOW_PAGES);
    long down = reach(suspect.low - 1, -1, MAX_WINDOW_PAGES);
    boolean first = suspect.looks == 0;
    suspect.high += up;
    suspect.low -= down;
    suspect.looks++;
    if (first) {
      return false; // where its ends are is known only now
    }
    if (up >= GROWTH_PAGES && up >= down) {
      open(1, suspect.high, now, grown(up, "up", suspect));
      return true;
    }
    if (down >= GROWTH_PAGES) {
      open(-1, suspect.low - 1, now, grown(down, "down", suspect));
      return true;
    }
    return suspect.looks > SUSPECT_LOOKS;
  }

  private static String grown(long pages, String direction, Suspect suspect) {
    return "a run of %d newly mapped pages grows %s by %d"
        .formatted(suspect.high - suspect.low, direction, pages);
  }

  private void open(int sign, long front, long now, String evidence) throws MemoryException {
    if (streams.size() >= MAX_STREAMS) {
      Stream oldest =
          streams.stream().min(Comparator.comparingLong(stream -> stream.progressAt)).orElseThrow();
      streams.remove(oldest);
      end(oldest, "too many streams", now);
    }
    Stream stream = new Stream(sign, front, now);
    if (front < 0 || front >= memory.pageCount()) {
      return; // it has just come to the end
    }
    if (opening != null && front < opening.head) {
      endOpening("a stream began elsewhere", now);
    }
    for (Stream other : streams) {
      if (low(other) <= front && front < high(other)) {
        return;
      }
    }
    listener.streamFound();
    streams.add(stream);
    extend(stream, evidence);
  }

  /** False if the stream has ended. */
  private boolean advance(Stream stream, long now) throws MemoryException {
    long grown = reach(stream.front, stream.sign, 8 * MAX_WINDOW_PAGES);
    if (grown == 0) {
      stream.looksWithout++;
      if (now - stream.progressAt > STALL_NANOS && stream.looksWithout >= STALL_LOOKS) {
        end(stream, "no page for %d ms".formatted((now - stream.progressAt) / 1_000_000), now);
        return false;
      }
      return true;
    }
    stream.front += stream.sign * grown;
    double speed = (double) grown / Math.max(1, now - stream.progressAt);
    stream.pagesPerNano =
        stream.pagesPerNano == 0 ? speed : 0.5 * stream.pagesPerNano + 0.5 * speed;
    stream.progressAt = now;
    stream.looksWithout = 0;
    if (stream.front < 0 || stream.front >= memory.pageCount()) {
      end(stream, "the end of the region", now);
      return false;
    }
    long ahead = stream.sign * (stream.head - stream.front);
    if (ahead < stream.windowPages / 2) {
      stream.windowPages = Math.min(MAX_WINDOW_PAGES, 2 * stream.windowPages);
      extend(stream, "a stream of %.0f MiB/s".formatted(stream.pagesPerNano * 1e9 / 256));
    }
    if (stream.sign * (stream.front - stream.tail) > BEHIND_PAGES) {
      long kept = stream.front - stream.sign * KEPT_BEHIND_PAGES;
      change(stream.tail, kept, stream.sign, AHEAD, AccessPattern.RANDOM, "left behind");
      stream.tail = kept;
    }
    return true;
  }

  private static long due(Stream stream) {
    long ahead = stream.sign * (stream.head - stream.front);
    if (stream.pagesPerNano <= 0 || stream.looksWithout > 0) {
      return Math.min(MAX_DUE_NANOS, MIN_DUE_NANOS << Math.min(stream.looksWithout, 10));
    }
    // While the window grows, early; later half of what is ahead is time enough.
    double share = stream.windowPages == MAX_WINDOW_PAGES ? 0.5 : 0.25;
    return Math.clamp(
        Math.round(share * ahead / stream.pagesPerNano), MIN_DUE_NANOS, MAX_DUE_NANOS);
  }

  private void extend(Stream stream, String evidence) throws MemoryException {
    long from =
        stream.sign > 0 ? Math.max(stream.head, stream.front) : Math.min(stream.head, stream.front);
    long wanted = stream.front + stream.sign * stream.windowPages;
    long head = stream.sign > 0 ? Math.min(wanted, memory.pageCount()) : Math.max(wanted, -1);
    if (stream.sign * (head - from) <= 0) {
      return;
    }
    change(from, head, stream.sign, AccessPattern.RANDOM, AHEAD, evidence);
    stream.head = head;
  }

  private void end(Stream stream, String evidence, long now) throws MemoryException {
    streamAt = now;
    change(stream.tail, stream.head, stream.sign, AHEAD, AccessPattern.RANDOM, evidence);
    if (stream.front >= 0 && stream.front < memory.pageCount()) {
      Stream rest = new Stream(stream.sign, stream.front, now);
      resting.addFirst(rest);
      if (resting.size() > MAX_RESTING) {
        resting.removeLast();
      }
    }
  }

  private void change(
      long tail, long head, int sign, AccessPattern from, AccessPattern to, String evidence)
      throws MemoryException {
    long low = sign > 0 ? tail : head + 1;
    long high = sign > 0 ? head : tail + 1;
    for (long[] gap : pins.gaps(low, high)) {
      memory.advise(to, gap[0], gap[1] - gap[0]);
      listener.changed(gap[0], gap[1] - gap[0], from, to, evidence);
    }
    if (to != AccessPattern.RANDOM) {
      cameInLarge(low, high);
    }
  }

  private static long low(Stream stream) {
    return stream.sign > 0 ? stream.tail : stream.head + 1;
  }

  private static long high(Stream stream) {
    return stream.sign > 0 ? stream.head : stream.tail + 1;
  }

  /** Pages mapped without a gap from a page on, in a direction. */
  private long reach(long from, int sign, long most) throws MemoryException {
    long limit = Math.min(most, sign > 0 ? memory.pageCount() - from : from + 1);
    long reached = 0;
    if (limit > BLOCK_PAGES && probe(from, sign)) {
      long step = BLOCK_PAGES;
      while (reached + step + PROBE_PAGES <= limit && probe(from + sign * (reached + step), sign)) {
        reached += step;
        step *= 2;
      }
      for (step /= 2; step >= BLOCK_PAGES; step /= 2) {
        if (reached + step + PROBE_PAGES <= limit && probe(from + sign * (reached + step), sign)) {
          reached += step;
        }
      }
    }
    int count = PROBE_PAGES;
    while (reached < limit) {
      count = (int) Math.min(count, limit - reached);
      long first = sign > 0 ? from + reached : from - reached - count + 1;
      memory.mapped(first, count, bits);
      int run = sign > 0 ? leading(count) : trailing(count);
      reached += run;
      if (run < count) {
        break;
      }
      count = BLOCK_PAGES;
    }
    return Math.max(0, reached);
  }

  private boolean probe(long from, int sign) throws MemoryException {
    memory.mapped(sign > 0 ? from : from - PROBE_PAGES + 1, PROBE_PAGES, bits);
    return (bits[0] & (1L << PROBE_PAGES) - 1) == (1L << PROBE_PAGES) - 1;
  }

  private int leading(int count) {
    for (int i = 0; i < count; i++) {
      if ((bits[i >>> 6] >>> i & 1) == 0) {
        return i;
      }
    }
    return count;
  }

  private int trailing(int count) {
    for (int i = count - 1; i >= 0; i--) {
      if ((bits[i >>> 6] >>> i & 1) == 0) {
        return count - 1 - i;
      }
    }
    return count;
  }

  // --- large folios ---

  /** Whether there are blocks that may hold large folios. */
  boolean mayHoldLargeFolios() {
    return !largeBlocks.isEmpty();
  }

  /** Whether there will be something to split when changed pages have been written. */
  boolean awaitsWriteback() {
    return mayHoldLargeFolios() && written && !dirtyUnknown;
  }

  /** Notes that all changed pages have been written, just now. */
  void forced() {
    forced = true;
    splitAt = 0;
  }

  /** Whether to split now: not while streams go on, which may drop the pages anyway. */
  boolean maySplit(long now) {
    return mayHoldLargeFolios()
        && streams.isEmpty()
        && suspects.isEmpty()
        && (forced || now - streamAt > CALM_NANOS);
  }

  /**
   * Splits the large folios of one stretch of clean blocks.
   *
   * @return the pages that it went over; 0 if all that is left is in use, changed, or never written
   */
  long split() throws MemoryException {
    boolean wrapped = false;
    for (int look = 0; look < SPLIT_LOOKS && !largeBlocks.isEmpty(); look++) {
      int block = largeBlocks.nextSetBit(splitAt);
      if (block < 0) {
        splitAt = 0;
        if (wrapped || !splitInRound) {
          splitInRound = false;
          return 0; // what is left is looked at some time later
        }
        wrapped = true;
        splitInRound = false;
        continue;
      }
      int end =
          Math.min(largeBlocks.nextClearBit(block), block + (int) (SPLIT_PAGES / BLOCK_PAGES));
      splitAt = end;
      long first = (long) block * BLOCK_PAGES;
      long count = Math.min((long) end * BLOCK_PAGES, memory.pageCount()) - first;
      if (count <= 0) {
        largeBlocks.clear(block, end);
        continue;
      }
      if (inWindow(first, first + count)) {
        continue;
      }
      long dirty = memory.dirtyPages(first, count);
      written |= dirty > 0;
      dirtyUnknown = dirty < 0;
      boolean clean = dirty == 0 || (dirty < 0 && forced);
      if (!clean || !written) {
        continue;
      }
      memory.split(first, count);
      splitInRound = true;
      if (splitOnce.nextClearBit(block) >= end) {
        largeBlocks.clear(block, end);
        splitOnce.clear(block, end);
      } else {
        splitOnce.set(block, end);
      }
      return count;
    }
    return 0;
  }

  private boolean inWindow(long first, long end) {
    for (Stream stream : streams) {
      if (low(stream) < end && high(stream) > first) {
        return true;
      }
    }
    return false;
  }

  // --- what it tells ---

  /** The advice of all pages, in ascending order; offsets and lengths are in pages. */
  List<AdvisedRange> map() {
    PageRanges all = new PageRanges();
    long pageCount = memory.pageCount();
    for (Stream stream : streams) {
      all.set(low(stream), high(stream), AHEAD);
    }
    if (opening != null) {
      all.set(low(opening), high(opening), AHEAD);
    }
    List<AdvisedRange> map = new ArrayList<>();
    for (PageRanges.Range pin : pins.touching(0, pageCount)) {
      all.clear(pin.first(), pin.end());
      map.add(
          new AdvisedRange(
              pin.first(), pin.end() - pin.first(), pin.pattern(), AdvisedRange.Origin.ADVISED));
    }
    for (PageRanges.Range window : all.touching(0, pageCount)) {
      map.add(learned(window.first(), window.end(), window.pattern()));
    }
    for (PageRanges.Range pin : pins.touching(0, pageCount)) {
      all.set(pin.first(), pin.end(), pin.pattern());
    }
    for (long[] gap : all.gaps(0, pageCount)) {
      map.add(learned(gap[0], gap[1], AccessPattern.RANDOM));
    }
    map.sort(Comparator.comparingLong(AdvisedRange::offset));
    return map;
  }

  private static AdvisedRange learned(long first, long end, AccessPattern pattern) {
    return new AdvisedRange(first, end - first, pattern, AdvisedRange.Origin.LEARNED);
  }
}
