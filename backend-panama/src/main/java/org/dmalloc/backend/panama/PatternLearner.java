/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.CacheCounts;
import org.jspecify.annotations.Nullable;

/**
 * Finds the order in which one region's pages come in, and advises the kernel.
 *
 * <p><b>The rule.</b> Everything is RANDOM, but for a window ahead of each <i>stream</i>: a thread
 * that goes through pages one after the other, up or down. The window is NORMAL, moves with the
 * stream and ends with it. So a random access is right from the first one on, wherever it goes, and
 * a stream pays for the pages before it is noticed.
 *
 * <p><b>Expected streams.</b> Most scans and fills begin at the start, so that a region begins with
 * a window there; and a stream that comes to its end is taken to begin anew where it had begun.
 * Such a window ends when pages are needed elsewhere instead: random accesses pay for it at most a
 * few times, with one readahead each.
 *
 * <p><b>Noticing.</b> Every n-th block of 512 pages is a <i>sensor</i>: its mapped pages are
 * compared with those of the last look. A run of newly mapped pages with hardly any others beside
 * it, which has grown at the next look, is a stream. Single pages say nothing, and neither do the
 * 16 that the kernel maps around a page that is in the cache already.
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

  /** The more sensors, the earlier a stream crosses one, and the longer a look takes. */
  private static final int SENSORS = 256;

  private static final int MAX_STRIDE = 32;

  /** Ahead of a stream: 8 MiB at first, doubled up to what it goes through in a while. */
  private static final long FIRST_WINDOW_PAGES = 2048;

  private static final long MAX_WINDOW_PAGES = 65536;
  private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long BEHIND_PAGES = 16384;
  private static final long KEPT_BEHIND_PAGES = 256;

  /** Ahead of a stream that is expected: what a fill takes some milliseconds for. */
  static final long START_PAGES = 4096;

  private static final int MAX_STARTS = 4;

  /** Pages needed elsewhere, after which nothing is expected any more; some are by others. */
  static final long FAULTS_ELSEWHERE = 48;

  /** Fewer, which take a while longer to say the same of a stream. */
  private static final long SOME_FAULTS_ELSEWHERE = 8;

  private static final long STALL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long MIN_STALL_NANOS = TimeUnit.MILLISECONDS.toNanos(8);

  /** What a stream would have come through if it went on; by then it is over. */
  private static final long STALL_PAGES = 4096;

  private static final int STALL_LOOKS = 2;
  private static final long MIN_DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long MAX_DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(30);
  private static final long THRIFTY_DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final int WINDOW_PARTS = 8;

  /** Each is an area of the kernel's, of which a process has 65,530. */
  private static final int MAX_STREAMS = 32;

  private static final int MAX_SUSPECTS = 16;
  private static final int SUSPECT_LOOKS = 5;
  private static final int MAX_RESTING = 16;
  private static final int MAX_ORIGINS = 16;
  private static final int ORIGIN_PAGES = 128;
  private static final long CALM_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** How much of each sensor a look reads. */
  enum Sight {
    /** All of it: a stream that crosses is seen as long as it does. */
    WIDE(BLOCK_PAGES),
    /** Its first pages, at a third of the cost: it is seen that a stream has crossed. */
    NARROW(BLOCK_PAGES / 4),
    /** Nothing of it: only where streams have begun before, or rest. */
    KNOWN_PLACES(0);

    private final int pages;

    Sight(int pages) {
      this.pages = pages;
    }
  }

  /** Nothing to do until something happens. */
  static final long NEVER = Long.MAX_VALUE;

  private final Memory memory;
  private final Listener listener;
  private final MappedRuns runs;
  private final FolioSplitter folios;
  private final PageRanges pins = new PageRanges();
  private final List<Stream> streams = new ArrayList<>();
  private final List<Suspect> suspects = new ArrayList<>();
  private final Deque<Stream> resting = new ArrayDeque<>();

  /** Windows where streams are expected. */
  private final List<Start> starts = new ArrayList<>();

  /** Where streams have begun; the latest first. */
  private final Deque<Origin> origins = new ArrayDeque<>();

  private final long[] bits = new long[BLOCK_PAGES / 64];
  private long[] lastSeen = new long[0];
  private int stride = 1;
  private long streamAt;
  private long freshPages;

  /** The memory of a region, in pages. */
  interface Memory {
    /** How many it has; may change, and then {@link #resized()} is called. */
    long pageCount();

    /** Sets a bit for each page that is mapped. */
    void mapped(long first, int count, long[] bits) throws MemoryException;

    /** Tells the kernel; the range is not empty. */
    void advise(AccessPattern pattern, long first, long count) throws MemoryException;

    /** Makes a range NORMAL for good, which takes no mapping even if there are few left. */
    default void leave(long first, long count) throws MemoryException {
      advise(AccessPattern.NORMAL, first, count);
    }

    /** What of a range is in the page cache, in bytes; empty if unknown. */
    Optional<CacheCounts> cacheCounts(long first, long count);

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

    /** Where it began. */
    private long origin;

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

    /** The process's major faults when a page came in the last time. */
    private long faultsAtProgress;

    /** Whether it is expected to begin anew. */
    private boolean repeats;

    private double pagesPerNano;

    /** When to look after it again. */
    private long dueAt;

    Stream(int sign, long front, long now) {
      this.sign = sign;
      this.origin = front;
      this.front = front;
      this.sensedFront = front;
      this.tail = front;
      this.head = front;
      this.windowPages = FIRST_WINDOW_PAGES;
      this.progressAt = now;
      this.dueAt = now;
    }
  }

  /** A stream that is expected, with its window. */
  private static final class Start {
    private final Stream stream;

    /** The stream that goes on meanwhile, and may begin anew; null if it is another's turn. */
    private @Nullable Stream after;

    /** The process's major faults when it began to count; negative before. */
    private long faults = -1;

    private long lookedAt;

    Start(Stream stream, @Nullable Stream after, long now) {
      this.stream = stream;
      this.after = after;
      this.lookedAt = now;
    }
  }

  /** Where a stream began, and may do so again: a sensor of its own. */
  private static final class Origin {
    private final int sign;
    private final long page;
    private final long[] lastSeen = new long[ORIGIN_PAGES / 64];

    Origin(int sign, long page) {
      this.sign = sign;
      this.page = page;
    }

    /** The first page of the sensor. */
    long first() {
      return Math.max(0, sign > 0 ? page : page - ORIGIN_PAGES + 1) & -64;
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
    this.runs = new MappedRuns(memory);
    this.folios = new FolioSplitter(memory, splits, written);
  }

  /**
   * Gives all of the memory its first advice.
   *
   * @param empty whether it may be gone through from the start, and no page is mapped
   */
  void begin(boolean empty, long now) throws MemoryException {
    memory.advise(AccessPattern.RANDOM, 0, memory.pageCount());
    arrange();
    remember(1, 0);
    if (empty) {
      expect(1, 0, null, now);
    }
  }

  /** The large folios that streams leave behind. */
  FolioSplitter folios() {
    return folios;
  }

  /** Prepares for a stream, where no page is mapped. */
  private void expect(int sign, long origin, @Nullable Stream after, long now)
      throws MemoryException {
    Stream stream = new Stream(sign, origin, now);
    stream.windowPages = START_PAGES;
    long wanted = origin + sign * START_PAGES;
    stream.head = sign > 0 ? Math.min(wanted, memory.pageCount()) : Math.max(wanted, -1);
    if (starts.size() >= MAX_STARTS || inWindow(low(stream), high(stream))) {
      return;
    }
    starts.add(new Start(stream, after, now));
    String why = after == null ? "where a stream may begin" : "where the stream may begin anew";
    change(stream.tail, stream.head, sign, AccessPattern.RANDOM, AHEAD, why);
  }

  /** Takes an expected stream for one if it has come, and gives it up if it does not. */
  private void meet(long now, long faults) throws MemoryException {
    for (Iterator<Start> all = starts.iterator(); all.hasNext(); ) {
      Start start = all.next();
      Stream stream = start.stream;
      long most = Math.min(RUN_PAGES, high(stream) - low(stream));
      if (runs.reach(stream.front, stream.sign, most) == most) {
        all.remove();
        stream.progressAt = start.lookedAt;
        stream.faultsAtProgress = faults;
        streams.add(stream);
        folios.cameInLarge(low(stream), high(stream));
        listener.streamFound();
      } else if (start.after != null) {
        start.after = streams.contains(start.after) ? start.after : null;
      } else if (start.faults < 0) {
        start.faults = faults;
      } else if (faults - start.faults >= FAULTS_ELSEWHERE) {
        all.remove();
        giveUp(start, "pages are needed elsewhere");
      }
      start.lookedAt = now;
    }
  }

  private void giveUp(Start start, String why) throws MemoryException {
    Stream stream = start.stream;
    folios.cameInLarge(low(stream), high(stream)); // what was read there nevertheless
    change(stream.tail, stream.head, stream.sign, AHEAD, AccessPattern.RANDOM, why);
  }

  /** Gives up the expected streams whose windows meet a range of pages. */
  private void giveUpStarts(long first, long end, String why) throws MemoryException {
    for (Iterator<Start> all = starts.iterator(); all.hasNext(); ) {
      Start start = all.next();
      if (low(start.stream) < end && high(start.stream) > first) {
        all.remove();
        giveUp(start, why);
      }
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
    starts.clear();
    streams.clear();
    suspects.clear();
    resting.clear();
    origins.clear();
    remember(1, 0);
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
    folios.resized();
  }

  /** Gives up: what is not pinned becomes NORMAL, the kernel's own heuristics. */
  void giveUp() throws MemoryException {
    starts.clear();
    streams.clear();
    for (long[] gap : pins.gaps(0, memory.pageCount())) {
      memory.leave(gap[0], gap[1] - gap[0]);
    }
  }

  /**
   * Notes a pattern that the owner chose; the kernel has been told. It is never overridden. Streams
   * that it meets are let go.
   */
  void pin(long first, long count, AccessPattern pattern, long now) throws MemoryException {
    pins.set(first, first + count, pattern);
    giveUpStarts(first, first + count, "advised by hand");
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
    giveUpStarts(0, memory.pageCount(), why);
    List<Stream> ending = List.copyOf(streams);
    streams.clear();
    for (Stream stream : ending) {
      end(stream, why, now);
    }
  }

  /**
   * Looks at what streams and suspects have done since the last look.
   *
   * @param faults the process's major faults so far: pages that had to be read
   * @param thrifty whether to ask for as few further looks as will do
   * @return nanoseconds until the next look is due, {@link #NEVER} if there are none
   */
  long follow(long now, long faults, boolean thrifty) throws MemoryException {
    meet(now, faults);
    for (Iterator<Suspect> all = suspects.iterator(); all.hasNext(); ) {
      Suspect suspect = all.next();
      if (resolve(suspect, now, faults)) {
        all.remove();
      }
    }
    long due = suspects.isEmpty() ? NEVER : MIN_DUE_NANOS;
    for (Iterator<Stream> all = streams.iterator(); all.hasNext(); ) {
      Stream stream = all.next();
      boolean quiet = faults - stream.faultsAtProgress < SOME_FAULTS_ELSEWHERE;
      if (thrifty && quiet && now - stream.dueAt < 0) {
        due = Math.min(due, Math.min(MAX_DUE_NANOS, stream.dueAt - now));
      } else if (advance(stream, now, faults)) {
        long wait = due(stream, now, thrifty);
        stream.dueAt = now + wait;
        due = Math.min(due, Math.min(MAX_DUE_NANOS, wait));
      } else {
        all.remove();
      }
    }
    return due;
  }

  /** Reads the sensors, whole or in part; what it suspects, {@link #follow} proves or drops. */
  void sense(Sight sight, long now, long faults) throws MemoryException {
    freshPages = 0;
    for (Origin origin : origins) {
      inspect(origin.first(), ORIGIN_PAGES, origin.lastSeen, 0);
    }
    if (sight.pages > 0) {
      for (int sensor = 0; sensor < sensors(); sensor++) {
        long first = (long) sensor * stride * BLOCK_PAGES;
        inspect(first, sight.pages, lastSeen, sensor * bits.length);
      }
      for (Stream stream : streams) {
        stream.sensedFront = stream.front;
      }
    }
    for (Iterator<Stream> all = resting.iterator(); all.hasNext(); ) {
      Stream old = all.next();
      if (runs.reach(old.front, old.sign, RUN_PAGES) == RUN_PAGES) {
        all.remove();
        open(old.sign, old.origin, old.front, now, faults, "goes on where it had rested");
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
   *
   * @param lastSeen what was mapped at the last look, from {@code offset} on
   */
  private void inspect(long first, int pages, long[] lastSeen, int offset) throws MemoryException {
    int words = pages / 64;
    Arrays.fill(bits, 0L); // the last may be shorter
    memory.mapped(first, (int) Math.min(pages, memory.pageCount() - first), bits);
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
  private boolean resolve(Suspect suspect, long now, long faults) throws MemoryException {
    long up = runs.reach(suspect.high, 1, memory.pageCount());
    long down = runs.reach(suspect.low - 1, -1, memory.pageCount());
    boolean first = suspect.looks == 0;
    suspect.high += up;
    suspect.low -= down;
    suspect.looks++;
    if (first) {
      return false; // where its ends are is known only now
    }
    if (up >= GROWTH_PAGES && up >= down) {
      open(1, suspect.low, suspect.high, now, faults, grown(up, "up", suspect));
      return true;
    }
    if (down >= GROWTH_PAGES) {
      open(-1, suspect.high - 1, suspect.low - 1, now, faults, grown(down, "down", suspect));
      return true;
    }
    return suspect.looks > SUSPECT_LOOKS;
  }

  private static String grown(long pages, String direction, Suspect suspect) {
    return String.format(
        Locale.ROOT,
        "a run of %d newly mapped pages grows %s by %d",
        suspect.high - suspect.low,
        direction,
        pages);
  }

  private void open(int sign, long origin, long front, long now, long faults, String evidence)
      throws MemoryException {
    if (streams.size() >= MAX_STREAMS) {
      Stream oldest =
          streams.stream().min(Comparator.comparingLong(stream -> stream.progressAt)).orElseThrow();
      streams.remove(oldest);
      end(oldest, "too many streams", now);
    }
    Stream stream = new Stream(sign, front, now);
    stream.origin = origin;
    stream.faultsAtProgress = faults;
    remember(sign, origin);
    passed(Math.min(origin, front), Math.max(origin, front));
    if (front < 0 || front >= memory.pageCount()) {
      return; // it has just come to the end
    }
    giveUpStarts(front, front + 1, "a stream goes on there");
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
  private boolean advance(Stream stream, long now, long faults) throws MemoryException {
    long grain = stream.windowPages / 32;
    long expected =
        Math.min(stream.windowPages, Math.round(stream.pagesPerNano * (now - stream.progressAt)));
    long grown = runs.reach(stream.front, stream.sign, 8 * MAX_WINDOW_PAGES, expected, grain);
    if (grown == 0) {
      grown = beyondWhatWasDropped(stream);
    }
    if (grown == 0) {
      stream.looksWithout++;
      if (stream.looksWithout >= STALL_LOOKS && now - stream.progressAt > stall(stream, faults)) {
        // Exactly: when pages behind it are mapped later, it goes on.
        long mapped = runs.reach(stream.front, stream.sign, memory.pageCount());
        moveFront(stream, mapped);
        end(
            stream,
            String.format(Locale.ROOT, "no page for %d ms", (now - stream.progressAt) / 1_000_000),
            now);
        return false;
      }
      return true;
    }
    moveFront(stream, grown);
    if (now - stream.progressAt >= MIN_DUE_NANOS / 2) { // else it was found just now
      double speed = (double) grown / (now - stream.progressAt);
      stream.pagesPerNano =
          stream.pagesPerNano == 0 ? speed : 0.5 * stream.pagesPerNano + 0.5 * speed;
    }
    stream.progressAt = now;
    stream.looksWithout = 0;
    stream.faultsAtProgress = faults;
    if (stream.front < 0 || stream.front >= memory.pageCount()) {
      end(stream, "the end of the region", now);
      return false;
    }
    long ahead = stream.sign * (stream.head - stream.front);
    if (ahead < stream.windowPages / 2) {
      // One that has come through all of it went on page by page: that speed says nothing.
      long least = ahead <= 0 ? 4 * stream.windowPages : stream.windowPages;
      long most = Math.max(least, 2 * stream.windowPages);
      long wanted = Math.round(stream.pagesPerNano * WINDOW_NANOS);
      stream.windowPages = Math.min(MAX_WINDOW_PAGES, Math.clamp(wanted, least, most));
      extend(
          stream,
          String.format(Locale.ROOT, "a stream of %.0f MiB/s", stream.pagesPerNano * 1e9 / 256));
    }
    if (stream.sign * (stream.front - stream.tail) > BEHIND_PAGES) {
      long kept = stream.front - stream.sign * KEPT_BEHIND_PAGES;
      change(stream.tail, kept, stream.sign, AHEAD, AccessPattern.RANDOM, "left behind");
      stream.tail = kept;
    }
    if (!stream.repeats
        && stream.sign * (expectedEnd(stream) - stream.front) < stream.windowPages
        && runs.reach(stream.origin, stream.sign, 1) == 0) {
      stream.repeats = true;
      expect(stream.sign, stream.origin, stream, now);
    }
    return true;
  }

  private void moveFront(Stream stream, long pages) {
    long before = stream.front;
    stream.front += stream.sign * pages;
    passed(Math.min(before, stream.front), Math.max(before, stream.front));
  }

  /**
   * What a stream has grown by when the pages at its front have been dropped already: it was fast,
   * and memory is short. In its window, random accesses make no run as long as this.
   */
  private long beyondWhatWasDropped(Stream stream) throws MemoryException {
    long ahead = stream.sign * (stream.head - stream.front);
    for (int part = 1; part <= WINDOW_PARTS; part++) {
      long skipped = part * ahead / WINDOW_PARTS;
      long from = stream.front + stream.sign * skipped;
      if (runs.reach(from, stream.sign, RUN_PAGES) == RUN_PAGES) {
        return skipped + runs.reach(from, stream.sign, ahead);
      }
    }
    return 0;
  }

  /** How long a stream may do nothing: less when it was fast, and pages are needed elsewhere. */
  private static long stall(Stream stream, long faults) {
    long elsewhere = faults - stream.faultsAtProgress;
    if (elsewhere < SOME_FAULTS_ELSEWHERE) {
      return STALL_NANOS;
    }
    return elsewhere < FAULTS_ELSEWHERE ? Math.min(STALL_NANOS, 2 * stall(stream)) : stall(stream);
  }

  private static long stall(Stream stream) {
    if (stream.pagesPerNano <= 0) {
      return STALL_NANOS;
    }
    return Math.clamp(Math.round(STALL_PAGES / stream.pagesPerNano), MIN_STALL_NANOS, STALL_NANOS);
  }

  /** Where another ended that began at the same place; else the end of the memory. */
  private long expectedEnd(Stream stream) {
    for (Stream old : resting) {
      if (old.sign == stream.sign
          && Math.abs(old.origin - stream.origin) < FIRST_WINDOW_PAGES
          && stream.sign * (old.front - stream.front) > 0) {
        return old.front;
      }
    }
    return stream.sign > 0 ? memory.pageCount() : -1;
  }

  /** Notes that the pages from one on, before another, were seen to be mapped. */
  private void passed(long low, long high) {
    long sensorPages = (long) stride * BLOCK_PAGES;
    for (long sensor = (low + sensorPages - 1) / sensorPages;
        sensor * sensorPages < high;
        sensor++) {
      int offset = Math.toIntExact(sensor * bits.length);
      if (offset + bits.length <= lastSeen.length) {
        Arrays.fill(lastSeen, offset, offset + bits.length, -1L);
      }
    }
    for (Origin origin : origins) {
      if (low <= origin.first() && origin.first() < high) {
        Arrays.fill(origin.lastSeen, -1L);
      }
    }
  }

  /** Looks at a place from now on where a stream has begun. */
  private void remember(int sign, long page) {
    Origin origin = new Origin(sign, page);
    for (Origin known : origins) {
      if (known.sign == sign && known.first() == origin.first()) {
        origin = known;
      }
    }
    origins.remove(origin);
    origins.addFirst(origin);
    if (origins.size() > MAX_ORIGINS) {
      origins.removeLast();
    }
  }

  private static long due(Stream stream, long now, boolean thrifty) {
    if (stream.pagesPerNano <= 0 || stream.looksWithout > 0) {
      long rarer = Math.min(MAX_DUE_NANOS, MIN_DUE_NANOS << Math.min(stream.looksWithout, 10));
      // When it is known whether it has ended.
      long stalled = stream.progressAt + stall(stream) - now;
      return stalled > 0 ? Math.clamp(stalled, MIN_DUE_NANOS, rarer) : rarer;
    }
    // Early while the window grows, and to see soon that it has ended; half of it is time enough.
    long ahead = stream.sign * (stream.head - stream.front);
    double share = thrifty ? 0.5 : 0.25;
    return Math.clamp(
        Math.round(share * ahead / stream.pagesPerNano),
        MIN_DUE_NANOS,
        thrifty ? THRIFTY_DUE_NANOS : MAX_DUE_NANOS);
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
    folios.cameInLarge(stream.sign > 0 ? from : head + 1, stream.sign > 0 ? head : from + 1);
  }

  private void end(Stream stream, String evidence, long now) throws MemoryException {
    streamAt = now;
    change(stream.tail, stream.head, stream.sign, AHEAD, AccessPattern.RANDOM, evidence);
    if (stream.front >= 0 && stream.front < memory.pageCount()) {
      Stream rest = new Stream(stream.sign, stream.front, now);
      rest.origin = stream.origin;
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
  }

  private static long low(Stream stream) {
    return stream.sign > 0 ? stream.tail : stream.head + 1;
  }

  private static long high(Stream stream) {
    return stream.sign > 0 ? stream.head : stream.tail + 1;
  }

  /**
   * Whether to split large folios now: not while streams go on, which may drop the pages anyway.
   */
  boolean maySplit(long now) {
    return folios.mayHoldLargeFolios()
        && streams.isEmpty()
        && suspects.isEmpty()
        && (folios.isForced() || now - streamAt > CALM_NANOS);
  }

  /** Splits as {@link FolioSplitter#split} does, outside the windows of streams. */
  long split() throws MemoryException {
    return folios.split(this::inWindow);
  }

  private boolean inWindow(long first, long end) {
    for (Stream stream : streams) {
      if (low(stream) < end && high(stream) > first) {
        return true;
      }
    }
    for (Start start : starts) {
      if (low(start.stream) < end && high(start.stream) > first) {
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
    for (Start start : starts) {
      all.set(low(start.stream), high(start.stream), AHEAD);
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
