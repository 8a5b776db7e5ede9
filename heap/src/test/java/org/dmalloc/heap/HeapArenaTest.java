/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks as segments: the JDK's own users of allocators and arenas take those of a heap. */
class HeapArenaTest {
  private static final long MAXIMUM = 32 << 20;

  @TempDir private Path directory;

  private HeapPlace place;
  private Heap heap;

  @BeforeEach
  void makeHeap() throws MemoryException {
    place =
        HeapPlace.make(
            "panama", directory, HeapService.load(), HeapOptions.DEFAULT, 1 << 20, MAXIMUM);
    heap = place.heap();
  }

  @AfterEach
  void end() throws MemoryException {
    if (heap.isOpen()) {
      assertEquals(List.of(), heap.check().findings());
    }
    place.close();
  }

  private Arena arena(String kind) {
    return kind.equals("confined") ? heap.confinedArena() : heap.sharedArena();
  }

  private boolean isInside(MemorySegment segment) {
    long offset = segment.address() - place.region().segment().address();
    return offset > 0 && offset + segment.byteSize() <= place.region().byteSize();
  }

  @ParameterizedTest
  @ValueSource(strings = {"confined", "shared"})
  void theJdksOwnUsersTakeIt(String kind) throws Exception {
    try (Arena arena = arena(kind)) {
      MemorySegment text = arena.allocateFrom("grüße aus dem heap");
      assertEquals("grüße aus dem heap", text.getString(0));
      assertTrue(isInside(text));
      MemorySegment numbers = arena.allocateFrom(JAVA_LONG, 1, 2, 3);
      assertEquals(3, numbers.getAtIndex(JAVA_LONG, 2));
      assertEquals(24, numbers.byteSize());
      MemorySegment copy = arena.allocateFrom(JAVA_BYTE, text, JAVA_BYTE, 0, text.byteSize());
      assertEquals(-1, copy.mismatch(text));

      SegmentAllocator slices = SegmentAllocator.slicingAllocator(arena.allocate(1000, 64));
      MemorySegment first = slices.allocate(10, 8);
      assertEquals(first.address() + 16, slices.allocate(10, 8).address());
      assertThrows(IndexOutOfBoundsException.class, () -> slices.allocate(1000));
      SegmentAllocator prefix = SegmentAllocator.prefixAllocator(arena.allocate(16, 8));
      assertEquals(prefix.allocate(8, 8).address(), prefix.allocate(8, 8).address());

      assertEquals(arena.scope(), text.scope());
      assertTrue(arena.scope().isAlive());
    }
    assertEquals(0, heap.statistics().liveBlocks(), "the arena was closed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"confined", "shared"})
  void segmentsAreZeroAlignedAndOfTheSizeThatWasAskedFor(String kind) throws Exception {
    for (int round = 0; round < 3; round++) {
      try (Arena arena = arena(kind)) {
        for (long byteSize : new long[] {1, 7, 16, 100, 4095, 65_537, 1 << 20}) {
          for (long alignment : new long[] {1, 8, 64, 4096}) {
            MemorySegment segment = arena.allocate(byteSize, alignment);
            assertEquals(byteSize, segment.byteSize());
            assertEquals(0, segment.address() % alignment);
            assertTrue(isInside(segment));
            Stamp.checkZero(segment, byteSize + " bytes, round " + round);
            segment.fill((byte) 0xee);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"confined", "shared"})
  void emptySegmentsAreGivenAndBadArgumentsRefusedAsByTheJdk(String kind) {
    try (Arena arena = arena(kind)) {
      assertEquals(0, arena.allocate(0).byteSize());
      assertEquals(0, arena.allocate(0, 64).byteSize());
      assertThrows(IllegalArgumentException.class, () -> arena.allocate(-1));
      assertThrows(IllegalArgumentException.class, () -> arena.allocate(8, 3));
      assertThrows(IllegalArgumentException.class, () -> arena.allocate(8, 0));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"confined", "shared"})
  void usesAfterTheCloseThrow(String kind) throws Exception {
    Arena arena = arena(kind);
    MemorySegment segment = arena.allocate(JAVA_LONG);
    MemorySegment slice = segment.asSlice(4, 4);
    arena.close();
    assertFalse(arena.scope().isAlive());
    assertThrows(IllegalStateException.class, () -> segment.get(JAVA_LONG, 0));
    assertThrows(IllegalStateException.class, () -> slice.set(JAVA_INT, 0, 1));
    assertThrows(IllegalStateException.class, () -> arena.allocate(8));
    assertThrows(IllegalStateException.class, arena::close, "as the JDK's arenas do");
    assertEquals(0, heap.statistics().liveBlocks());
  }

  @Test
  void aConfinedArenaIsItsThreadsAlone() throws Exception {
    try (Arena arena = heap.confinedArena()) {
      MemorySegment segment = arena.allocate(JAVA_LONG);
      segment.set(JAVA_LONG, 0, 7);
      HeapThreads other = new HeapThreads();
      other.start(
          () -> {
            assertThrows(WrongThreadException.class, () -> segment.get(JAVA_LONG, 0));
            assertThrows(WrongThreadException.class, () -> segment.set(JAVA_LONG, 0, 1));
            assertThrows(WrongThreadException.class, () -> arena.allocate(8));
            assertThrows(WrongThreadException.class, arena::close);
          });
      other.end();
      assertEquals(7, segment.get(JAVA_LONG, 0));
      assertFalse(segment.isAccessibleBy(Thread.ofPlatform().unstarted(() -> {})));
    }
    assertEquals(0, heap.statistics().liveBlocks());
  }

  @Test
  void aSharedArenaIsForAllThreads() throws Exception {
    Arena arena = heap.sharedArena();
    HeapThreads threads = new HeapThreads();
    for (int thread = 0; thread < 4; thread++) {
      threads.start(
          () -> {
            List<MemorySegment> mine = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
              MemorySegment segment = arena.allocate(64, 16);
              Stamp.write(segment, 64, segment.address());
              mine.add(segment);
            }
            mine.forEach(segment -> Stamp.check(segment, 64, segment.address(), "shared arena"));
          });
    }
    threads.end();
    assertEquals(8000, heap.statistics().liveBlocks());
    HeapThreads closer = new HeapThreads();
    closer.start(arena::close);
    closer.end();
    assertEquals(0, heap.statistics().liveBlocks());
  }

  /** Either the use is done before the close, or it throws; never are a later block's bytes hit. */
  @Test
  void aUseThatRacesWithTheCloseThrowsOrIsDone() throws Exception {
    for (int round = 0; round < 200; round++) {
      Arena arena = heap.sharedArena();
      MemorySegment segment = arena.allocate(4096);
      CyclicBarrier start = new CyclicBarrier(3);
      HeapThreads threads = new HeapThreads();
      threads.start(
          () -> {
            start.await();
            assertThrows(
                IllegalStateException.class,
                () -> {
                  while (true) {
                    segment.fill((byte) 0x77);
                  }
                });
          });
      threads.start(
          () -> {
            start.await();
            assertThrows(
                IllegalStateException.class,
                () -> {
                  for (int i = 0; i < 50_000; i++) {
                    arena.allocate(100);
                  }
                  while (arena.scope().isAlive()) {
                    Thread.onSpinWait();
                  }
                  arena.allocate(100);
                });
          });
      threads.start(
          () -> {
            start.await();
            closeWhileUsed(arena);
          });
      threads.end();
      assertEquals(0, heap.statistics().liveBlocks(), "round " + round);
      long next = heap.allocateZeroed(1, 4096);
      Stamp.checkZero(heap.pinned(next).asSlice(0, 4096), "the next block, round " + round);
      heap.free(next);
    }
  }

  /** A shared arena refuses to close while a thread is in the midst of an access. */
  private static void closeWhileUsed(Arena arena) {
    while (arena.scope().isAlive()) {
      try {
        arena.close();
      } catch (IllegalStateException inUse) {
        Thread.onSpinWait();
      }
    }
  }

  /** {@code div(17, 5)} gives a struct by value, and {@code qsort} takes memory and a callback. */
  @Test
  void foreignFunctionsTakeItsSegments() throws Throwable {
    Linker linker = Linker.nativeLinker();
    SymbolLookup lookup = linker.defaultLookup();
    MemoryLayout result = MemoryLayout.structLayout(JAVA_INT, JAVA_INT);
    MethodHandle div =
        linker.downcallHandle(
            lookup.find("div").orElseThrow(), FunctionDescriptor.of(result, JAVA_INT, JAVA_INT));
    MethodHandle strlen =
        linker.downcallHandle(
            lookup.find("strlen").orElseThrow(), FunctionDescriptor.of(JAVA_LONG, ADDRESS));
    AddressLayout text = ADDRESS;
    MethodHandle strchr =
        linker.downcallHandle(
            lookup.find("strchr").orElseThrow(), FunctionDescriptor.of(text, ADDRESS, JAVA_INT));
    try (Arena arena = heap.confinedArena()) {
      MemorySegment quotient = (MemorySegment) div.invokeExact((SegmentAllocator) arena, 17, 5);
      assertEquals(3, quotient.get(JAVA_INT, 0));
      assertEquals(2, quotient.get(JAVA_INT, 4));
      assertTrue(isInside(quotient));
      MemorySegment string = arena.allocateFrom("struct in a heap");
      assertEquals(16, (long) strlen.invokeExact(string));
      MemorySegment found = (MemorySegment) strchr.invokeExact(string, (int) 'i');
      assertEquals(string.address() + 7, found.address());
    }
    assertEquals(0, heap.statistics().liveBlocks());
  }

  @Test
  void channelsReadAndWriteItsSegments() throws IOException {
    Path file = directory.resolve("bytes");
    try (Arena arena = heap.sharedArena();
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment out = arena.allocate(10_000);
      Stamp.write(out, 10_000, 1);
      assertEquals(10_000, channel.write(out.asByteBuffer()));
      MemorySegment in = arena.allocate(10_000);
      assertEquals(10_000, channel.read(in.asByteBuffer(), 0));
      assertEquals(-1, in.mismatch(out));
    }
    assertEquals(10_000, Files.size(file));
    assertEquals(0, heap.statistics().liveBlocks());
  }

  @ParameterizedTest
  @ValueSource(strings = {"confined", "shared"})
  void aHeapThatIsClosedFirstKeepsTheBlocks(String kind) throws Exception {
    Arena arena = arena(kind);
    MemorySegment segment = arena.allocate(100);
    segment.fill((byte) 5);
    long offset = segment.address() - place.region().segment().address();
    heap.close();
    assertThrows(IllegalStateException.class, () -> arena.allocate(10));
    assertDoesNotThrow(arena::close);
    heap = place.service().open(place.region(), HeapOptions.DEFAULT);
    assertTrue(heap.usableSize(offset) >= 100, "a closed heap leaves the block allocated");
    assertEquals(1, heap.statistics().liveBlocks());
    heap.free(offset);
    heap.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"confined", "shared"})
  void aRegionThatIsClosedFirstEndsTheSegments(String kind) throws Exception {
    Arena arena = arena(kind);
    MemorySegment segment = arena.allocate(100);
    place.region().close();
    assertThrows(IllegalStateException.class, () -> segment.get(JAVA_BYTE, 0));
    assertThrows(IllegalStateException.class, () -> arena.allocate(10));
    assertDoesNotThrow(arena::close);
    heap.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"confined", "shared"})
  void aFullHeapIsAnOutOfMemoryError(String kind) throws Exception {
    try (Arena arena = arena(kind)) {
      MemorySegment held = arena.allocate(8);
      held.set(JAVA_LONG, 0, 9);
      assertThrows(OutOfMemoryError.class, () -> arena.allocate(2 * MAXIMUM));
      assertThrows(OutOfMemoryError.class, () -> arena.allocate(Long.MAX_VALUE));
      assertThrows(OutOfMemoryError.class, () -> heap.allocator().allocate(2 * MAXIMUM));
      assertThrows(
          OutOfMemoryError.class,
          () -> {
            while (true) {
              arena.allocate(1 << 20);
            }
          });
      assertEquals(9, held.get(JAVA_LONG, 0));
    }
    assertEquals(0, heap.statistics().liveBlocks());
  }

  @Test
  void segmentsOfTheAllocatorAreFreedByTheirOffset() throws Exception {
    SegmentAllocator allocator = heap.allocator();
    MemorySegment text = allocator.allocateFrom("kept");
    assertEquals("kept", text.getString(0));
    MemorySegment segment = allocator.allocate(1000, 256);
    assertEquals(1000, segment.byteSize());
    assertEquals(0, segment.address() % 256);
    long offset = heap.offsetOf(segment);
    assertEquals(segment.address(), heap.pinned(offset).address());
    assertEquals(heap.usableSize(offset), heap.pinned(offset).byteSize());
    heap.free(offset);
    heap.free(heap.offsetOf(text));
    assertEquals(0, heap.statistics().liveBlocks());
    try (Arena arena = heap.confinedArena();
        Arena foreign = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(100);
      assertTrue(heap.usableSize(heap.offsetOf(block)) >= 100);
      assertThrows(IllegalArgumentException.class, () -> heap.offsetOf(foreign.allocate(8)));
      assertThrows(IllegalArgumentException.class, () -> heap.offsetOf(MemorySegment.NULL));
      assertThrows(
          IllegalArgumentException.class, () -> heap.offsetOf(MemorySegment.ofArray(new long[9])));
    }
  }

  /** An arena goes on when somebody has freed one of its blocks by hand, and frees the others. */
  @Test
  void aBlockThatWasFreedByHandDoesNotStopTheClose() throws Exception {
    Arena arena = heap.confinedArena();
    long[] offsets = new long[10];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = heap.offsetOf(arena.allocate(100));
    }
    heap.free(offsets[4]);
    try {
      arena.close();
    } catch (IllegalArgumentException doubleFree) {
      assertTrue(doubleFree instanceof DoubleFreeException, doubleFree.toString());
    }
    assertEquals(0, heap.statistics().liveBlocks());
  }

  @Test
  void aBlockIsSeenThroughASectionAndPinnedAlike() throws Exception {
    long block = heap.allocate(50);
    heap.pinned(block).set(JAVA_LONG, 8, 77);
    try (Access access = place.region().acquire()) {
      MemorySegment segment = heap.segment(access, block);
      assertEquals(77, segment.get(JAVA_LONG, 8));
      assertEquals(heap.usableSize(block), segment.byteSize());
      assertThrows(
          IndexOutOfBoundsException.class, () -> segment.get(JAVA_BYTE, segment.byteSize()));
      assertThrows(IllegalArgumentException.class, () -> heap.segment(access, block + 1));
    }
    assertThrows(IllegalArgumentException.class, () -> heap.pinned(block + 16));
    heap.free(block);
    assertThrows(IllegalArgumentException.class, () -> heap.pinned(block));
  }
}
