/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.Test;

/** The segment of a checked section ends with it, and not before. */
public abstract class CheckedSectionsContract extends ContractTheme {
  private static final long SIZE = 4 * PAGE + 9;

  private static MemoryRegion checked(MemoryProvider provider, long byteSize)
      throws MemoryException {
    return provider.allocate(RegionRequest.ofSize(byteSize).withCheckedSections(true));
  }

  /** The scope first: an access to what is not mapped any more would be a signal. */
  private static void assertEnded(MemorySegment segment) {
    assertFalse(segment.scope().isAlive(), "the segment outlives its section");
    assertThrows(IllegalStateException.class, () -> segment.get(JAVA_BYTE, 0));
    if (!segment.isReadOnly()) {
      MemorySegment slice = segment.asSlice(1);
      assertThrows(IllegalStateException.class, () -> slice.set(JAVA_BYTE, 0, (byte) 1));
    }
  }

  @Test
  void aSegmentKeptPastItsSectionThrowsAtOnce() throws Exception {
    for (Sharing sharing : sharings()) {
      RegionRequest request =
          RegionRequest.ofSize(SIZE).withSharing(sharing).withCheckedSections(true);
      try (MemoryRegion region = provider().allocate(request)) {
        assertTrue(region.info().checkedSections());
        MemorySegment kept;
        ByteBuffer buffer;
        try (Access access = region.acquire()) {
          kept = access.segment();
          buffer = kept.asByteBuffer();
          assertEquals(SIZE, kept.byteSize());
          Pattern.write(kept, 1);
        }
        assertEnded(kept);
        assertThrows(IllegalStateException.class, () -> buffer.get(0));
        Pattern.check(region, 1);
      }
    }
    try (MemoryRegion region = allocate(SIZE)) {
      assertFalse(region.info().checkedSections());
    }
  }

  @Test
  void partsAndProtectedOnesAreCheckedToo() throws Exception {
    try (MemoryRegion region = checked(provider(), SIZE)) {
      Pattern.write(region, 2);
      List<MemorySegment> kept = new ArrayList<>();
      try (Access part = region.acquire(PAGE, PAGE)) {
        kept.add(part.segment());
        part.segment().set(JAVA_BYTE, 0, part.segment().get(JAVA_BYTE, 0));
      }
      region.protect(0, PAGE, AccessMode.READ_ONLY);
      try (Access part = region.acquire(PAGE - 1, 2);
          Access all = region.acquire()) {
        assertTrue(part.segment().isReadOnly());
        assertTrue(all.segment().isReadOnly());
        kept.add(part.segment());
        kept.add(all.segment());
      }
      assertThrows(IndexOutOfBoundsException.class, () -> region.acquire(SIZE, 1));
      assertEquals(0, region.info().openSections());
      kept.forEach(CheckedSectionsContract::assertEnded);
      Pattern.check(region, 2);
    }
  }

  @Test
  void nestedSectionsEndOneByOne() throws Exception {
    try (MemoryRegion region = checked(provider(), SIZE)) {
      MemorySegment inner;
      try (Access outer = region.acquire()) {
        try (Access nested = region.acquire()) {
          inner = nested.segment();
          Pattern.write(inner, 3);
        }
        assertEnded(inner);
        Pattern.check(outer.segment(), 3);
        Pattern.write(outer.segment(), 4);
      }
      Pattern.check(region, 4);
    }
  }

  @Test
  void otherThreadsUseTheSegmentWhileItsSectionIsOpen() throws Exception {
    try (MemoryRegion region = checked(provider(), SIZE)) {
      Crew crew = new Crew();
      try (Access access = region.acquire()) {
        crew.start(() -> Pattern.write(access.segment(), 5));
        crew.end();
        Pattern.check(access.segment(), 5);
      }
    }
  }

  @Test
  void closingElsewhereOrTwiceIsRefusedAndEndsNothing() throws Exception {
    try (MemoryRegion region = checked(provider(), SIZE)) {
      Access access = region.acquire();
      Crew crew = new Crew();
      crew.start(() -> assertThrowsOneLine(IllegalStateException.class, access::close));
      crew.end();
      Pattern.write(access.segment(), 6);
      access.close();
      assertThrowsOneLine(IllegalStateException.class, access::close);
      assertEquals(0, region.info().openSections());
      Pattern.check(region, 6);
    }
  }

  /** No section that was never closed leads to memory that is gone. */
  @Test
  void segmentsEndWithTheRegionAtLast() throws Exception {
    MemoryProvider impatient = startImpatient();
    List<MemorySegment> kept = new ArrayList<>();
    MemoryRegion region = checked(impatient, SIZE);
    Access own = region.acquire();
    kept.add(own.segment());
    Thread forgets = Thread.ofPlatform().start(() -> kept.add(region.acquire().segment()));
    Await.end(forgets);
    region.close();
    assertEquals(2, kept.size());
    kept.forEach(CheckedSectionsContract::assertEnded);
    own.close();
    assertOpen(0, 0, impatient);
  }

  /** A call that is still at work on the segment is told of, and holds the memory. */
  @Test
  void aCallThatOutlastsItsSectionIsToldOf() throws Exception {
    MemoryProvider impatient = startImpatient();
    MemoryRegion region = checked(impatient, 1 << 20);
    Pipe pipe = Pipe.open();
    Crew crew = new Crew();
    Access access = region.acquire();
    MemorySegment kept = access.segment();
    crew.start(
        () -> {
          ByteBuffer all = kept.asByteBuffer();
          while (all.hasRemaining()) {
            pipe.sink().write(all); // waits for the reader in the kernel
          }
        });
    try {
      assertEquals(1, pipe.source().read(ByteBuffer.allocate(1)));
      assertThrowsOneLine(IllegalStateException.class, access::close);
      assertEquals(0, region.info().openSections());
      assertThrowsOneLine(IllegalStateException.class, region::close);
      assertTrue(region.info().open());
    } finally {
      drain(pipe, (1 << 20) - 1);
      crew.join();
      pipe.sink().close();
      pipe.source().close();
    }
    crew.end();
    region.close();
    assertEnded(kept);
    assertOpen(0, 0, impatient);
  }

  private static void drain(Pipe pipe, long byteCount) throws Exception {
    ByteBuffer rest = ByteBuffer.allocate(1 << 16);
    for (long left = byteCount; left > 0; ) {
      left -= pipe.source().read(rest.clear());
    }
  }
}
