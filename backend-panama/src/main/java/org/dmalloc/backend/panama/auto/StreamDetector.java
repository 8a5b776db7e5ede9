/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backend.panama.auto.SequentialStream.Place;

/**
 * Detects sequential streams by samples of the page table.
 *
 * <p>One block of 512 pages in every few is a <i>sampled block</i>: its mapped pages are compared
 * with those of the sample before. A run of newly mapped pages with hardly any others beside it is
 * a candidate, and one that has grown in a later pass is a stream. Single pages are no evidence,
 * and neither are the 16 that the kernel maps around a page that is in the cache already.
 *
 * <p>The places where streams have begun are sampled by themselves, since many scans are repeated.
 */
final class StreamDetector {
  static final int BLOCK_PAGES = 512;

  /** Newly mapped pages in a row that make a candidate: more than the kernel maps at a fault. */
  static final int RUN_PAGES = 32;

  /** What a candidate must have grown by in a later pass. */
  private static final int GROWTH_PAGES = 8;

  /** The more blocks, the earlier a stream crosses one, and the longer a sample takes. */
  private static final int BLOCKS = 256;

  private static final int MAX_STRIDE = 32;
  private static final int MAX_CANDIDATES = 16;
  private static final int CANDIDATE_PASSES = 5;
  private static final int MAX_ORIGINS = 16;
  private static final int ORIGIN_PAGES = 128;

  private final RegionPages pages;
  private final MappedRuns runs;
  private final List<Candidate> candidates = new ArrayList<>();

  /** Where streams have begun; the latest first. */
  private final Deque<Origin> origins = new ArrayDeque<>();

  private final long[] bits = new long[BLOCK_PAGES / 64];

  /** What was mapped in each sampled block at the sample before. */
  private long[] lastSeen = new long[0];

  /** One block in so many is sampled. */
  private int stride = 1;

  private long freshPages;

  /** Is told of a stream, with the evidence for it. */
  @FunctionalInterface
  interface Finding {
    void found(Place origin, long position, String evidence) throws MemoryException;
  }

  /** A run of pages that may be growing. */
  private static final class Candidate {
    private long low;
    private long high;
    private int passes;

    Candidate(PageRange run) {
      this.low = run.first();
      this.high = run.end();
    }

    String grown(long pageCount, String direction) {
      return String.format(
          Locale.ROOT,
          "a run of %d newly mapped pages grows %s by %d",
          high - low,
          direction,
          pageCount);
    }
  }

  /** The pages from where a stream began on, and what was mapped there at the sample before. */
  private static final class Origin {
    private final Place place;
    private final long first;
    private final long[] lastSeen = new long[ORIGIN_PAGES / 64];

    Origin(Place place) {
      this.place = place;
      this.first =
          Math.max(0, place.sign() > 0 ? place.page() : place.page() - ORIGIN_PAGES + 1) & -64;
    }
  }

  StreamDetector(RegionPages pages, MappedRuns runs) {
    this.pages = pages;
    this.runs = runs;
  }

  /**
   * Chooses the sampled blocks, and forgets all else; what they held stays if they are the same.
   */
  void resized() {
    candidates.clear();
    origins.clear();
    remember(new Place(1, 0));
    grown();
  }

  /** Samples pages too that have been added behind the others. */
  void grown() {
    long blocks = (pages.pageCount() + BLOCK_PAGES - 1) / BLOCK_PAGES;
    int newStride = Math.clamp(Long.highestOneBit(Math.max(1, blocks / BLOCKS)), 1, MAX_STRIDE);
    int words = Math.toIntExact((blocks + newStride - 1) / newStride * bits.length);
    lastSeen = newStride == stride ? Arrays.copyOf(lastSeen, words) : new long[words];
    stride = newStride;
  }

  /**
   * Reads the sampled blocks, whole or in part, and the places where streams have begun.
   *
   * @param known whether a run is no candidate, since something is known about it already
   */
  void sample(SamplingWidth width, Predicate<PageRange> known) throws MemoryException {
    freshPages = 0;
    for (Origin origin : origins) {
      inspect(origin.first, ORIGIN_PAGES, origin.lastSeen, 0, known);
    }
    if (width.pages > 0) {
      for (int block = 0; block < blockCount(); block++) {
        long first = (long) block * stride * BLOCK_PAGES;
        inspect(first, width.pages, lastSeen, block * bits.length, known);
      }
    }
  }

  /** Newly mapped pages in the last sample. */
  long freshPages() {
    return freshPages;
  }

  int blockCount() {
    return lastSeen.length / bits.length;
  }

  boolean hasCandidates() {
    return !candidates.isEmpty();
  }

  /**
   * Searches for the run of mapped pages with the most new ones in it. Old ones do not end a run: a
   * scan of what was used at random before meets them all along.
   *
   * @param seen what was mapped at the sample before, from {@code offset} on
   */
  private void inspect(long first, int count, long[] seen, int offset, Predicate<PageRange> known)
      throws MemoryException {
    Arrays.fill(bits, 0L); // the last block may be shorter
    pages.mapped(first, (int) Math.min(count, pages.pageCount() - first), bits);
    int fresh = 0;
    int run = 0;
    int freshInRun = 0;
    int best = 0;
    int bestLength = 0;
    int bestEnd = 0;
    for (int word = 0; word < count / 64; word++) {
      long now = bits[word];
      long added = now & ~seen[offset + word];
      seen[offset + word] = now;
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
      propose(new PageRange(first + bestEnd - bestLength, first + bestEnd), known);
    }
  }

  private void propose(PageRange run, Predicate<PageRange> known) {
    if (candidates.size() < MAX_CANDIDATES
        && !known.test(run)
        && candidates.stream().noneMatch(c -> run.first() <= c.high && run.end() >= c.low)) {
      candidates.add(new Candidate(run));
    }
  }

  /** Reads how far the candidates have grown; those that have not for some passes are dropped. */
  void proveCandidates(Finding finding) throws MemoryException {
    for (Iterator<Candidate> all = candidates.iterator(); all.hasNext(); ) {
      if (isResolved(all.next(), finding)) {
        all.remove();
      }
    }
  }

  private boolean isResolved(Candidate run, Finding finding) throws MemoryException {
    long up = runs.reach(new Place(1, run.high), pages.pageCount());
    long down = runs.reach(new Place(-1, run.low - 1), pages.pageCount());
    run.high += up;
    run.low -= down;
    if (run.passes++ == 0) {
      return false; // where its ends are is known only now
    }
    if (up >= GROWTH_PAGES && up >= down) {
      finding.found(new Place(1, run.low), run.high, run.grown(up, "up"));
      return true;
    }
    if (down >= GROWTH_PAGES) {
      finding.found(new Place(-1, run.high - 1), run.low - 1, run.grown(down, "down"));
      return true;
    }
    return run.passes > CANDIDATE_PASSES;
  }

  /** Notes that pages are known to be mapped: they are not new in the next sample. */
  void passed(PageRange range) {
    long blockPages = (long) stride * BLOCK_PAGES;
    for (long block = (range.first() + blockPages - 1) / blockPages;
        block * blockPages < range.end();
        block++) {
      int offset = Math.toIntExact(block * bits.length);
      if (offset + bits.length <= lastSeen.length) {
        Arrays.fill(lastSeen, offset, offset + bits.length, -1L);
      }
    }
    for (Origin origin : origins) {
      if (range.contains(origin.first)) {
        Arrays.fill(origin.lastSeen, -1L);
      }
    }
  }

  /** Samples a place from now on where a stream has begun. */
  void remember(Place place) {
    Origin fresh = new Origin(place);
    Origin origin =
        origins.stream()
            .filter(o -> o.place.sign() == place.sign() && o.first == fresh.first)
            .findFirst()
            .orElse(fresh);
    origins.remove(origin);
    origins.addFirst(origin);
    if (origins.size() > MAX_ORIGINS) {
      origins.removeLast();
    }
  }
}
