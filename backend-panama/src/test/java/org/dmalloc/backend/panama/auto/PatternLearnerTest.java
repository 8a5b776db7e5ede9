/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.MemoryException;
import org.dmalloc.linux.CacheCounts;
import org.junit.jupiter.api.Test;

/**
 * Patterns of use over a fake memory, and the advice that follows. Over 500 lines: the cases are
 * one list, because each tells a use that another must not be taken for.
 */
class PatternLearnerTest {
  private static final long MILLI = 1_000_000;

  private static final long PAGE = 4096;

  private final FakeMemory memory = new FakeMemory(1 << 17); // 512 MiB
  private long now;
  private long faults;
  private SamplingWidth width = SamplingWidth.WHOLE_BLOCKS;

  /** Pages that are mapped by calls, and advice that is noted. */
  private static final class FakeMemory implements RegionPages {
    private final BitSet mapped = new BitSet();
    private final BitSet dirty = new BitSet();
    private final BitSet dropped = new BitSet();
    private final BitSet split = new BitSet();
    private AccessPattern[] advice;
    private boolean cacheKnown = true;
    private boolean outOfMappings;

    FakeMemory(int pageCount) {
      advice = new AccessPattern[pageCount];
    }

    void resize(int pageCount) {
      advice = Arrays.copyOf(advice, pageCount);
    }

    @Override
    public long pageCount() {
      return advice.length;
    }

    @Override
    public void mapped(long first, int count, long[] bits) {
      if (first < 0 || first + count > advice.length) {
        throw new IndexOutOfBoundsException("pages from " + first + ", " + count);
      }
      Arrays.fill(bits, 0, (count + 63) / 64, 0);
      for (int i = 0; i < count; i++) {
        if (mapped.get((int) first + i)) {
          bits[i / 64] |= 1L << i;
        }
      }
    }

    @Override
    public void advise(AccessPattern pattern, long first, long count) throws MemoryException {
      if (outOfMappings) {
        throw MemoryException.of("madvise", "", "no mappings are left", "");
      }
      Arrays.fill(advice, (int) first, (int) (first + count), pattern);
    }

    @Override
    public void withdrawAdvice(long first, long count) {
      Arrays.fill(advice, (int) first, (int) (first + count), AccessPattern.NORMAL);
    }

    @Override
    public Optional<CacheCounts> cacheCounts(long first, long count) {
      int end = (int) (first + count);
      long cached = count - dropped.get((int) first, end).cardinality();
      return cacheKnown
          ? Optional.of(
              new CacheCounts(cached * PAGE, dirty.get((int) first, end).cardinality() * PAGE, 0))
          : Optional.empty();
    }

    @Override
    public void split(long first, long count) {
      split.set((int) first, (int) (first + count));
    }

    List<AccessPattern> kinds() {
      return Arrays.stream(advice).distinct().toList();
    }
  }

  private final List<String> evidence = new ArrayList<>();

  private PatternLearner learner(boolean splits, boolean written) throws MemoryException {
    PatternLearner learner =
        new PatternLearner(
            memory,
            new PatternLearner.Listener() {
              @Override
              public void changed(
                  long firstPage,
                  long pageCount,
                  AccessPattern from,
                  AccessPattern to,
                  String why) {
                evidence.add(why);
              }

              @Override
              public void streamFound() {}
            },
            splits,
            written);
    learner.begin(false, now);
    return learner;
  }

  /** One that expects a stream at the start. */
  private PatternLearner opening() throws MemoryException {
    PatternLearner learner = learner(true, true);
    learner.begin(true, now);
    return learner;
  }

  private void sample(PatternLearner learner) throws MemoryException {
    now += MILLI;
    learner.sample(width, now, faults);
    learner.follow(now, faults, false);
  }

  /** Goes through pages as a slow thread does until it is noticed, and then as a fast one. */
  private void scan(PatternLearner learner, int from, int to) throws MemoryException {
    int step = from < to ? 1 : -1;
    int perLook = 40;
    for (int page = from, done = 0; page != to; page += step) {
      memory.mapped.set(page);
      if (++done == perLook) {
        sample(learner);
        done = 0;
        perLook = memory.advice[page] == AdviceMap.AHEAD ? 1000 : 40;
      }
    }
    sample(learner);
  }

  private static PageRange range(long first, long count) {
    return new PageRange(first, first + count);
  }

  private static long randomPages(FakeMemory memory) {
    return Arrays.stream(memory.advice).filter(a -> a == AccessPattern.RANDOM).count();
  }

  @Test
  void allIsRandomAtFirstAndStaysSoUnderScatteredAccess() throws Exception {
    PatternLearner learner = learner(true, true);
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 200; i++) {
      for (int touch = 0; touch < 200; touch++) {
        memory.mapped.set(random.nextInt(1 << 17));
      }
      sample(learner);
    }
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
    assertEquals(List.of(), evidence);
  }

  /** Where mappings run out it can still leave all to the kernel, which takes none. */
  @Test
  void givesUpWhereNoMappingsAreLeft() throws Exception {
    PatternLearner learner = learner(true, true);
    memory.outOfMappings = true;
    learner.giveUp();
    assertEquals(0, randomPages(memory));
    assertTrue(Arrays.stream(memory.advice).allMatch(a -> a == AccessPattern.NORMAL));
  }

  @Test
  void aroundEachScatteredAccessMayCome16Pages() throws Exception {
    PatternLearner learner = learner(true, true);
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 200; i++) {
      for (int touch = 0; touch < 50; touch++) {
        int page = random.nextInt((1 << 17) / 16) * 16;
        memory.mapped.set(page, page + 16);
      }
      sample(learner);
    }
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
  }

  @Test
  void aStreamHasItsPagesReadAheadAndLeavesNothingBehind() throws Exception {
    PatternLearner learner = learner(false, false);
    scan(learner, 1000, 60_000);
    assertEquals(AdviceMap.AHEAD, memory.advice[60_000]);
    assertEquals(AdviceMap.AHEAD, memory.advice[60_500]);
    assertEquals(AccessPattern.RANDOM, memory.advice[100]);
    assertEquals(AccessPattern.RANDOM, memory.advice[20_000], "behind it");
    assertEquals(AccessPattern.RANDOM, memory.advice[120_000], "far ahead");
    // It stops, and its window goes.
    for (int i = 0; i < 200; i++) {
      sample(learner);
    }
    assertFalse(learner.hasStreams());
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
    // It goes on where it stopped, and is known at once.
    memory.mapped.set(60_000, 60_040);
    sample(learner);
    assertTrue(learner.hasStreams());
    assertEquals(AdviceMap.AHEAD, memory.advice[60_100]);
  }

  @Test
  void aStreamDownIsOneToo() throws Exception {
    PatternLearner learner = learner(false, false);
    scan(learner, 100_000, 50_000);
    assertEquals(AdviceMap.AHEAD, memory.advice[49_990]);
    assertEquals(AccessPattern.RANDOM, memory.advice[90_000]);
    scan(learner, 50_000, 0);
    memory.mapped.set(0);
    sample(learner);
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
  }

  @Test
  void halfScannedHalfRandomGetsBoth() throws Exception {
    PatternLearner learner = learner(false, false);
    SplittableRandom random = new SplittableRandom(9);
    for (int page = 0; page < 20_000; ) {
      for (int i = 0; i < 40; i++) {
        memory.mapped.set(page++);
        memory.mapped.set((1 << 16) + random.nextInt(1 << 16));
      }
      sample(learner);
    }
    assertEquals(AdviceMap.AHEAD, memory.advice[20_010]);
    for (int page = 1 << 16; page < 1 << 17; page++) {
      assertEquals(AccessPattern.RANDOM, memory.advice[page]);
    }
  }

  @Test
  void aScanOfWhatWasUsedAtRandomIsAStream() throws Exception {
    PatternLearner learner = learner(false, false);
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 40_000; i++) {
      memory.mapped.set(random.nextInt(1 << 17));
    }
    sample(learner);
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
    // Looks are rarer by then: the account is empty.
    for (int page = 1000; page < 20_000; page += 100) {
      memory.mapped.set(page, page + 100);
      sample(learner);
    }
    assertEquals(AdviceMap.AHEAD, memory.advice[20_010]);
  }

  @Test
  void aNarrowSampleFindsThatAStreamHasCrossed() throws Exception {
    PatternLearner learner = learner(false, false);
    width = SamplingWidth.BLOCK_HEADS;
    for (int page = 1000; page < 1000 + 5 * 500; page += 500) {
      memory.mapped.set(page, page + 500);
      now += 25 * MILLI;
      learner.sample(width, now, faults);
      learner.follow(now, faults, false);
      for (int more = 0; more < 5 && learner.hasStreams(); more++) {
        memory.mapped.set(page + 500 + 20 * more, page + 520 + 20 * more);
        now += MILLI;
        learner.follow(now, faults, false);
      }
    }
    assertEquals(AdviceMap.AHEAD, memory.advice[4000]);
  }

  @Test
  void manyStreamsHaveWindowsOfTheirOwn() throws Exception {
    PatternLearner learner = learner(false, false);
    for (int page = 0; page < 4000; page += 40) {
      for (int thread = 0; thread < 8; thread++) {
        int start = thread << 14;
        memory.mapped.set(start + page, start + page + 40);
      }
      sample(learner);
    }
    for (int thread = 0; thread < 8; thread++) {
      assertEquals(AdviceMap.AHEAD, memory.advice[(thread << 14) + 4010], "of " + thread);
    }
  }

  @Test
  void whatTheOwnerAdvisesIsNeverOverridden() throws Exception {
    PatternLearner learner = learner(false, false);
    memory.advise(AccessPattern.SEQUENTIAL, 30_000, 1000);
    learner.pin(range(30_000, 1000), AccessPattern.SEQUENTIAL, now);
    scan(learner, 20_000, 40_000);
    for (int page = 30_000; page < 31_000; page++) {
      assertEquals(AccessPattern.SEQUENTIAL, memory.advice[page]);
    }
    AdvisedRange pin =
        learner.map().stream().filter(r -> r.offset() == 30_000).findFirst().orElseThrow();
    assertEquals(
        new AdvisedRange(30_000, 1000, AccessPattern.SEQUENTIAL, AdvisedRange.Origin.ADVISED), pin);
    // Advice into the window of a stream ends it; the rest is RANDOM again.
    long front = 40_000;
    memory.advise(AccessPattern.RANDOM, front, 100);
    learner.pin(range(front, 100), AccessPattern.RANDOM, now);
    assertEquals((1 << 17) - 1000, randomPages(memory));
  }

  @Test
  void theMapHasNoGapsAndTellsWhatTheKernelWasTold() throws Exception {
    PatternLearner learner = learner(false, false);
    memory.advise(AccessPattern.SEQUENTIAL, 100_000, 10);
    learner.pin(range(100_000, 10), AccessPattern.SEQUENTIAL, now);
    scan(learner, 5000, 30_000);
    long end = 0;
    for (AdvisedRange range : learner.map()) {
      assertEquals(end, range.offset());
      end += range.length();
      for (long page = range.offset(); page < end; page++) {
        assertEquals(memory.advice[(int) page], range.pattern());
      }
    }
    assertEquals(1 << 17, end);
  }

  @Test
  void anotherSizeIsAdvisedAnewAndWatched() throws Exception {
    PatternLearner learner = learner(false, false);
    scan(learner, 0, 20_000);
    memory.resize(10_000);
    learner.resized();
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
    sample(learner);
    memory.resize(200_000);
    learner.resized();
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
    scan(learner, 130_000, 150_000);
    assertEquals(AdviceMap.AHEAD, memory.advice[150_000]);
  }

  @Test
  void whatCameInLargeIsSplitOnceItIsCleanAndNoStreamGoesOn() throws Exception {
    PatternLearner learner = learner(true, true);
    memory.dirty.set(0, 30_000);
    scan(learner, 0, 30_000);
    assertFalse(learner.maySplit(now), "while it goes on");
    for (int i = 0; i < 500; i++) {
      sample(learner);
    }
    assertTrue(learner.maySplit(now));
    assertTrue(learner.folios().awaitsWriteback());
    while (learner.split() > 0) {}
    assertFalse(memory.split.get(15_000), "changed and not written");
    memory.dirty.clear();
    learner.folios().forced();
    // Each is gone over twice, one round after the other.
    long pages = 0;
    for (long some = learner.split(); some > 0; some = learner.split()) {
      pages += some;
    }
    assertTrue(pages >= 2 * 29_000, () -> "a folio may have been in use for a moment");
    assertTrue(memory.split.get(15_000));
    assertTrue(memory.split.get(29_000));
    assertFalse(memory.split.get(100_000), "never in a window");
    assertFalse(learner.folios().mayHoldLargeFolios());
  }

  @Test
  void whatHasLeftRamIsNotSplit() throws Exception {
    PatternLearner learner = learner(true, true);
    scan(learner, 0, 30_000);
    for (int i = 0; i < 500; i++) {
      sample(learner);
    }
    memory.dropped.set(0, 20_480);
    while (learner.split() > 0) {}
    assertEquals(20_480, memory.split.nextSetBit(0));
    assertTrue(memory.split.get(29_000));
    assertFalse(learner.folios().mayHoldLargeFolios());
    // Read again by another stream, it is large again.
    memory.dropped.clear();
    memory.mapped.clear();
    scan(learner, 0, 10_000);
    for (int i = 0; i < 500; i++) {
      sample(learner);
    }
    while (learner.split() > 0) {}
    assertTrue(memory.split.get(5_000));
  }

  @Test
  void whatIsOnlyReadIsNotSplit() throws Exception {
    PatternLearner learner = learner(true, false);
    scan(learner, 0, 30_000);
    for (int i = 0; i < 500; i++) {
      sample(learner);
    }
    while (learner.split() > 0) {}
    assertTrue(memory.split.isEmpty());
    assertFalse(learner.folios().awaitsWriteback(), "nothing to wake up for");
    memory.dirty.set(30_000 - 1); // somebody writes
    for (int i = 0; i < 2; i++) {
      while (learner.split() > 0) {}
    }
    assertTrue(memory.split.get(15_000));
  }

  @Test
  void withoutCachestatItSplitsAfterAForce() throws Exception {
    memory.cacheKnown = false;
    PatternLearner learner = learner(true, true);
    scan(learner, 0, 30_000);
    for (int i = 0; i < 500; i++) {
      sample(learner);
    }
    while (learner.split() > 0) {}
    assertTrue(memory.split.isEmpty());
    assertFalse(learner.folios().awaitsWriteback(), "it could never know");
    learner.folios().forced();
    while (learner.split() > 0) {}
    assertTrue(memory.split.get(15_000));
  }

  @Test
  void aScanFromTheStartFindsItsWindowThere() throws Exception {
    PatternLearner learner = opening();
    assertEquals(AdviceMap.AHEAD, memory.advice[0]);
    assertEquals(AdviceMap.AHEAD, memory.advice[(int) ExpectedStreams.WINDOW_PAGES - 1]);
    assertEquals(AccessPattern.RANDOM, memory.advice[(int) ExpectedStreams.WINDOW_PAGES]);
    assertEquals(0, learner.map().getFirst().offset());
    assertEquals(ExpectedStreams.WINDOW_PAGES, learner.map().getFirst().length());
    assertFalse(learner.hasStreams(), "nothing to look after until somebody comes");
    memory.mapped.set(0, 2500);
    now += MILLI;
    learner.follow(now, faults, false);
    assertTrue(learner.hasStreams());
    assertEquals(AdviceMap.AHEAD, memory.advice[(int) ExpectedStreams.WINDOW_PAGES]);
    for (int page = 2500; page < 60_000; page++) {
      memory.mapped.set(page);
      if (page % 1000 == 0) {
        sample(learner);
        assertEquals(AdviceMap.AHEAD, memory.advice[page + 1], "at " + page);
      }
    }
    assertTrue(learner.folios().mayHoldLargeFolios());
  }

  @Test
  void theOpeningEndsWhenPagesAreNeededElsewhere() throws Exception {
    PatternLearner learner = opening();
    SplittableRandom random = new SplittableRandom(4);
    memory.mapped.set(0); // as a header
    for (int touch = 0; touch < 3 * SequentialStream.FAULTS_ELSEWHERE; touch += 20) {
      assertEquals(AdviceMap.AHEAD, memory.advice[0], "one scan may only just begin");
      for (int i = 0; i < 20; i++) {
        memory.mapped.set(random.nextInt(32, 1 << 17));
      }
      sample(learner);
      if (faults >= SequentialStream.FAULTS_ELSEWHERE) {
        break;
      }
      faults += 20;
    }
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
    assertEquals(List.of("where a stream may begin", "pages are needed elsewhere"), evidence);
    assertTrue(learner.folios().mayHoldLargeFolios(), "what was read there is to be split, too");
  }

  @Test
  void aStreamThatComesToTheEndIsExpectedAnewWhereItBegan() throws Exception {
    PatternLearner learner = learner(false, false);
    int last = memory.advice.length;
    scan(learner, 40_000, last - 1000);
    assertEquals(AccessPattern.RANDOM, memory.advice[39_000]);
    assertEquals(AccessPattern.RANDOM, memory.advice[40_100], "it is still mapped there");
    // Again, and this time memory is short.
    for (int i = 0; i < 200; i++) {
      sample(learner);
    }
    memory.mapped.clear();
    sample(learner);
    scan(learner, 40_000, last - 30_000);
    memory.mapped.clear(0, 60_000);
    scan(learner, last - 30_000, last);
    assertEquals(AdviceMap.AHEAD, memory.advice[40_100]);
    assertFalse(learner.hasStreams());
    memory.mapped.set(40_000, 41_000);
    now += MILLI;
    learner.follow(now, faults, false);
    assertTrue(learner.hasStreams(), "no look at the sensors was needed");
  }

  @Test
  void whereAStreamEndedAnotherFromTheSamePlaceIsExpectedToEnd() throws Exception {
    PatternLearner learner = learner(false, false);
    for (int round = 0; round < 2; round++) {
      scan(learner, 8_000, 50_000);
      memory.mapped.clear(0, 40_000);
      scan(learner, 50_000, 60_000);
      if (round == 1) {
        assertEquals(AdviceMap.AHEAD, memory.advice[8_000]);
      }
      for (int i = 0; i < 200; i++) {
        sample(learner);
      }
      memory.mapped.clear();
      sample(learner);
    }
    assertTrue(evidence.contains("where the stream may begin anew"), evidence::toString);
  }

  @Test
  void aStreamThatNeededNoReadsLeavesNothingNewBehind() throws Exception {
    PatternLearner learner = opening();
    // Followed all along, without a look at the sensors: it had no faults.
    for (int page = 0; page < memory.advice.length; page += 2000) {
      memory.mapped.set(page, page + 2000);
      now += MILLI;
      learner.follow(now, faults, false);
    }
    assertFalse(learner.hasStreams());
    sample(learner);
    assertFalse(learner.hasStreams(), "all that the sensors see was seen before");
  }

  @Test
  void aStreamIsNotLostWhenItsPagesAreDroppedAtOnce() throws Exception {
    PatternLearner learner = learner(false, false);
    scan(learner, 1000, 40_000);
    for (int page = 40_000; page < 100_000; page += 1000) {
      memory.mapped.clear(0, page);
      memory.mapped.set(page + 500, page + 1500);
      sample(learner);
      assertTrue(learner.hasStreams(), "at " + page);
    }
    assertEquals(AdviceMap.AHEAD, memory.advice[101_000]);
  }

  @Test
  void aFastStreamIsOverSoonWhenPagesAreNeededElsewhere() throws Exception {
    PatternLearner calm = learner(false, false);
    scan(calm, 1000, 60_000);
    long until = now + 60 * MILLI;
    while (now < until) {
      sample(calm);
    }
    assertTrue(calm.hasStreams(), "it may go on");
    while (calm.hasStreams() && now < until) {
      faults += 15;
      sample(calm);
    }
    faults += SequentialStream.FAULTS_ELSEWHERE;
    sample(calm);
    assertFalse(calm.hasStreams());
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
  }

  @Test
  void aFewFaultsElsewhereSayTheSameALittleLater() throws Exception {
    PatternLearner learner = learner(false, false);
    scan(learner, 1000, 60_000); // at 1,000 pages a millisecond
    faults += 10;
    long until = now + 20 * MILLI;
    while (now < until && learner.hasStreams()) {
      sample(learner);
    }
    assertFalse(learner.hasStreams());
  }

  @Test
  void whatEndedDoesNotGoOnWithThePagesThatItHadMapped() throws Exception {
    PatternLearner learner = learner(false, false);
    scan(learner, 1000, 60_000);
    // By probes its front is known with some pages missing: these, say.
    memory.mapped.set(60_000, 60_300);
    long until = now + 100 * MILLI;
    while (now < until && learner.hasStreams()) {
      now += MILLI;
      learner.follow(now, faults, false);
      faults += SequentialStream.FAULTS_ELSEWHERE;
    }
    assertFalse(learner.hasStreams());
    evidence.clear();
    for (int i = 0; i < 50; i++) {
      sample(learner);
    }
    assertEquals(List.of(), evidence);
    // Some more, and it does.
    memory.mapped.set(60_300, 60_400);
    sample(learner);
    assertTrue(learner.hasStreams());
  }

  @Test
  void aStreamThatBeginsAgainIsSeenWithoutSensors() throws Exception {
    PatternLearner learner = learner(false, false);
    // Neither place is a sensor's begin, nor is one mapped any more.
    scan(learner, 3 * StreamDetector.BLOCK_PAGES + 100, 30_000);
    faults += SequentialStream.FAULTS_ELSEWHERE;
    for (int i = 0; i < 50; i++) {
      sample(learner);
    }
    assertFalse(learner.hasStreams());
    memory.mapped.clear();
    width = SamplingWidth.KNOWN_PLACES;
    sample(learner);
    for (int from : new int[] {3 * StreamDetector.BLOCK_PAGES + 100, 0}) {
      for (int page = from; page < from + 300; page += 40) {
        memory.mapped.set(page, page + 40);
        sample(learner);
      }
      assertEquals(AdviceMap.AHEAD, memory.advice[from + 300]);
      assertEquals(1, evidence.stream().filter(why -> why.contains("grows up")).skip(1).count());
      evidence.removeIf(why -> why.contains("grows up"));
      evidence.add("grows up, the last one");
    }
    // Elsewhere it takes the sensors.
    memory.mapped.set(80_000, 80_400);
    for (int i = 0; i < 5; i++) {
      memory.mapped.set(80_400 + 40 * i, 80_440 + 40 * i);
      sample(learner);
    }
    assertEquals(AccessPattern.RANDOM, memory.advice[80_700]);
    width = SamplingWidth.WHOLE_BLOCKS;
    for (int i = 5; i < 10; i++) {
      memory.mapped.set(80_400 + 40 * i, 80_440 + 40 * i);
      sample(learner);
    }
    assertEquals(AdviceMap.AHEAD, memory.advice[80_900]);
  }

  @Test
  void aStreamFoundJustNowIsNotTakenToBeAnywhereYet() throws Exception {
    PatternLearner learner = learner(false, false);
    // Used at random before: one page in ten, and 16 in a row here and there.
    SplittableRandom random = new SplittableRandom(9);
    for (int i = 0; i < 13_000; i++) {
      memory.mapped.set(random.nextInt(1 << 17));
    }
    for (int at = 4096; at < 1 << 17; at += 1024) {
      memory.mapped.set(at, at + 16);
    }
    for (int i = 0; i < 20; i++) {
      sample(learner);
    }
    for (int page = 0; page < 1000; page += 100) {
      memory.mapped.set(page, page + 100);
      sample(learner);
    }
    assertEquals(AdviceMap.AHEAD, memory.advice[1100]);
    assertEquals(AccessPattern.RANDOM, memory.advice[40_000]);
  }

  @Test
  void aStreamThatHasComeThroughItsWindowGetsALargerOneHoweverSlowItWasThen() throws Exception {
    PatternLearner learner = learner(false, false);
    scan(learner, 0, 400);
    sample(learner);
    int head = memory.mapped.length();
    while (memory.advice[head] == AdviceMap.AHEAD) {
      head++;
    }
    memory.mapped.set(0, head + 100);
    now += 1000 * MILLI;
    learner.follow(now, faults, false);
    assertEquals(AdviceMap.AHEAD, memory.advice[head + 100 + 4 * 2048 - 1]);
  }

  @Test
  void whenThriftyAStreamIsLeftAloneUntilItIsTimeOrSomethingHappens() throws Exception {
    PatternLearner learner = learner(false, false);
    scan(learner, 1000, 20_000);
    memory.mapped.set(20_000, 20_500);
    now += MILLI;
    learner.follow(now, faults, true);
    long random = randomPages(memory);
    memory.mapped.set(20_500, 50_000);
    now += MILLI;
    learner.follow(now, faults, true);
    assertEquals(random, randomPages(memory), "it is not time");
    faults += 20;
    now += MILLI;
    learner.follow(now, faults, true);
    assertTrue(randomPages(memory) < random);
  }

  @Test
  void theOpeningWaitsAsLongAsNobodyComes() throws Exception {
    PatternLearner learner = opening();
    for (int i = 0; i < 1000; i++) {
      now += MILLI;
      assertEquals(PatternLearner.NEVER, learner.follow(now, faults, false));
    }
    assertEquals(AdviceMap.AHEAD, memory.advice[0]);
  }

  @Test
  void theOpeningGivesWayToTheOwnerAndToOtherStreams() throws Exception {
    PatternLearner learner = opening();
    memory.advise(AccessPattern.SEQUENTIAL, 100, 50);
    learner.pin(range(100, 50), AccessPattern.SEQUENTIAL, now);
    assertEquals(AccessPattern.SEQUENTIAL, memory.advice[120]);
    assertEquals((1 << 17) - 50, randomPages(memory));

    memory.advise(AccessPattern.RANDOM, 0, 1 << 17);
    PatternLearner other = opening();
    scan(other, 2000, 30_000);
    assertEquals(AccessPattern.RANDOM, memory.advice[100]);
    assertEquals(AdviceMap.AHEAD, memory.advice[30_001]);

    PatternLearner resized = opening();
    memory.resize(10_000);
    resized.resized();
    assertEquals(List.of(AccessPattern.RANDOM), memory.kinds());
  }

  @Test
  void itsOwnMemoryIsSmall() throws Exception {
    // The arithmetic of the goal, 64 KiB per GiB: sensors have a bit for each of their pages.
    for (int gib = 1; gib <= 16; gib *= 2) {
      FakeMemory large = new FakeMemory(gib << 18);
      PatternLearner learner =
          new PatternLearner(
              large,
              new PatternLearner.Listener() {
                @Override
                public void changed(
                    long firstPage,
                    long pageCount,
                    AccessPattern from,
                    AccessPattern to,
                    String why) {}

                @Override
                public void streamFound() {}
              },
              true,
              true);
      learner.begin(false, now);
      long bytes = (long) learner.sampledBlocks() * StreamDetector.BLOCK_PAGES / 8;
      assertTrue(bytes <= gib * (64L << 10), gib + " GiB: " + bytes);
    }
  }
}
