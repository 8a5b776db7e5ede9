/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.GrowthListener;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.junit.jupiter.api.Test;

/** How far a region grows by itself, over one that only counts. */
class GrowthStepsTest {
  private static final long PAGE = 4096;
  private static final long NONE = RegionOptions.NO_MAXIMUM;

  @Test
  void aStepIsHalfAsMuchAgainInWholePages() {
    assertEquals(12 * PAGE, GrowthSteps.step(8 * PAGE + 1, 8 * PAGE, Long.MAX_VALUE, NONE));
    assertEquals(PAGE, GrowthSteps.step(1, 0, Long.MAX_VALUE, NONE));
    assertEquals(21 * PAGE, GrowthSteps.step(20 * PAGE + 1, 8 * PAGE, Long.MAX_VALUE, NONE));
  }

  @Test
  void aStepStaysBelowTheCeilingAndWithinTheMaximumWhileThatSuffices() {
    assertEquals(9 * PAGE + 3, GrowthSteps.step(8 * PAGE + 1, 8 * PAGE, 9 * PAGE + 3, NONE));
    assertEquals(9 * PAGE, GrowthSteps.step(8 * PAGE + 1, 8 * PAGE, 99 * PAGE, 9 * PAGE));
    assertEquals(12 * PAGE, GrowthSteps.step(8 * PAGE + 1, 8 * PAGE, 99 * PAGE, 8 * PAGE));
  }

  @Test
  void noSizeOverflows() {
    long most = Long.MAX_VALUE;
    assertEquals(most, GrowthSteps.step(most, 1, most, NONE));
    assertEquals(most, GrowthSteps.step(most, most - 1, most, NONE));
    assertEquals(most - 1, GrowthSteps.step(most - 1, most - 2, most, NONE));
  }

  /** A region with so much room. */
  private static final class Counted implements GrowthSteps.Growing {
    private final long room;
    private final Autogrowth autogrowth;
    private final List<Long> tried = new ArrayList<>();
    private long byteSize = 8 * PAGE;

    Counted(long room, Autogrowth autogrowth) {
      this.room = room;
      this.autogrowth = autogrowth;
    }

    @Override
    public long id() {
      return 7;
    }

    @Override
    public long byteSize() {
      return byteSize;
    }

    @Override
    public RegionOptions options() {
      return RegionOptions.DEFAULT.withAutogrowth(autogrowth);
    }

    @Override
    public long grow(long least, GrowthSteps.Target target, ProgressListener progress)
        throws MemoryException {
      long before = byteSize;
      long next = target.from(before);
      tried.add(next);
      try {
        progress.progressed(0, next);
      } catch (RuntimeException e) {
        throw MemoryException.of("resize", next, "it", "cancelled", 0, "", e);
      }
      if (next > room) {
        throw MemoryException.of("resize", next, "it", "no room", 28, "", null);
      }
      byteSize = next;
      return before;
    }
  }

  @Test
  void withoutRoomForTheStepItTakesWhatIsAsked() throws Exception {
    Counted region = new Counted(9 * PAGE, Autogrowth.upTo(1L << 30));
    assertEquals(9 * PAGE, GrowthSteps.ensure(region, 9 * PAGE, ProgressListener.NONE));
    assertEquals(List.of(12 * PAGE, 9 * PAGE), region.tried);
    MemoryException refused =
        assertThrows(
            MemoryException.class,
            () -> GrowthSteps.ensure(region, 10 * PAGE, ProgressListener.NONE));
    assertEquals(1, refused.getSuppressed().length, "the larger step was refused too");
    assertEquals(9 * PAGE, region.byteSize);
  }

  @Test
  void whatIsCancelledIsNotTriedAgain() {
    Counted region = new Counted(99 * PAGE, Autogrowth.upTo(99 * PAGE));
    IllegalStateException stop = new IllegalStateException("stop");
    MemoryException cancelled =
        assertThrows(
            MemoryException.class,
            () ->
                GrowthSteps.ensure(
                    region,
                    9 * PAGE,
                    (done, total) -> {
                      throw stop;
                    }));
    assertSame(stop, cancelled.getCause());
    assertEquals(List.of(12 * PAGE), region.tried);
  }

  @Test
  void whatTheListenerThrowsHidesNoRefusal() {
    IllegalArgumentException thrown = new IllegalArgumentException("listener");
    GrowthListener throwing =
        new GrowthListener() {
          @Override
          public void grown(long regionId, long oldByteSize, long newByteSize) {
            throw thrown;
          }

          @Override
          public void refused(long regionId, long byteSize, Exception reason) {
            throw thrown;
          }
        };
    Counted region = new Counted(12 * PAGE, Autogrowth.upTo(12 * PAGE).tellingTo(throwing));
    MemoryException refused =
        assertThrows(
            MemoryException.class,
            () -> GrowthSteps.ensure(region, 13 * PAGE, ProgressListener.NONE));
    assertSame(thrown, refused.getSuppressed()[0]);
    assertSame(
        thrown,
        assertThrows(
            IllegalArgumentException.class,
            () -> GrowthSteps.ensure(region, 8 * PAGE + 1, ProgressListener.NONE)));
    assertEquals(12 * PAGE, region.byteSize, "it has grown all the same");
  }
}
