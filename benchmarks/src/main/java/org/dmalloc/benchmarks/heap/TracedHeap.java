/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.heap.HeapStatistics;
import org.dmalloc.linux.LibraryHeap;
import org.dmalloc.spi.machine.KernelFiles;
import org.jspecify.annotations.Nullable;

/** An allocator whose use of memory and disk is known. */
interface TracedHeap extends AutoCloseable {
  long UNKNOWN = -1;

  /** The unit of st_blocks. */
  long STAT_BLOCK_BYTES = 512;

  long allocate(int byteSize) throws IOException;

  void free(long block) throws IOException;

  /** Stores to each page of a block. */
  void fill(long block, int byteSize);

  /** Gives back to the system what can be. */
  void trim() throws IOException;

  Use use() throws IOException;

  @Override
  void close();

  /**
   * What an allocator takes.
   *
   * @param heldBytes bytes of pages with blocks or the allocator's own data, as it counts them
   * @param residentBytes bytes of RAM that are its memory
   * @param diskBytes bytes of the file that the disk has space for; {@link #UNKNOWN} without a file
   */
  record Use(long heldBytes, long residentBytes, long diskBytes) {}

  private static void fill(MemorySegment segment, long block, int byteSize) {
    for (long at = block; at < block + byteSize; at += 4096) {
      segment.set(JAVA_BYTE, at, (byte) 1);
    }
    segment.set(JAVA_BYTE, block + byteSize - 1, (byte) 1);
  }

  /** A heap in a region of 8 times the live bytes; named if it is in a file. */
  static TracedHeap ours(String provider, Path directory, long liveBytes) throws IOException {
    Dmalloc dmalloc = Dmalloc.open();
    boolean file = provider.startsWith("panama");
    HeapOptions options =
        provider.equals("panama-4k")
            ? HeapOptions.DEFAULT.withPunchFrom(4096)
            : HeapOptions.DEFAULT;
    MemoryProvider memory =
        file
            ? dmalloc.start("panama", Map.of("directory", directory.toString()))
            : dmalloc.provider(provider);
    RegionRequest request = RegionRequest.ofSize(8 * liveBytes);
    MemoryRegion region = memory.allocate(file ? request.withName("trace") : request);
    Heap heap = HeapService.load().create(region, options);
    return new Ours(
        dmalloc, region, heap, region.segment(), file ? directory.resolve("trace.region") : null);
  }

  /** A heap of ours. */
  record Ours(
      Dmalloc dmalloc, MemoryRegion region, Heap heap, MemorySegment segment, @Nullable Path file)
      implements TracedHeap {
    @Override
    public long allocate(int byteSize) throws IOException {
      return heap.allocate(byteSize);
    }

    @Override
    public void free(long block) throws IOException {
      heap.free(block);
    }

    @Override
    public void fill(long block, int byteSize) {
      TracedHeap.fill(segment, block, byteSize);
    }

    @Override
    public void trim() throws IOException {
      heap.trim();
    }

    @Override
    public Use use() throws IOException {
      HeapStatistics statistics = heap.statistics();
      long held = statistics.heapBytes() - statistics.freeBytes();
      Path on = file;
      return new Use(
          held, region.residency().residentBytes(), on == null ? UNKNOWN : diskBytes(on));
    }

    /** What the file system has allocated, which Java has no call for. */
    private static long diskBytes(Path file) throws IOException {
      Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
      try (InputStream output = stat.getInputStream()) {
        String blocks = new String(output.readAllBytes(), StandardCharsets.US_ASCII).strip();
        return STAT_BLOCK_BYTES * Long.parseLong(blocks);
      }
    }

    @Override
    public void close() {
      heap.close();
      region.close();
      dmalloc.close();
    }
  }

  /** The C library's; what the JVM takes of it meanwhile counts too. */
  final class Library implements TracedHeap {
    private static final int ARENA = 0;
    private static final int MAPPED = 4;
    private static final int FIELDS = 10;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MALLINFO2 =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("mallinfo2"),
            FunctionDescriptor.of(
                MemoryLayout.structLayout(MemoryLayout.sequenceLayout(FIELDS, JAVA_LONG))));
    private static final MethodHandle MALLOC_TRIM =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("malloc_trim"),
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG));

    private final MemorySegment memory = LibraryHeap.memory();
    private final Use before;

    Library() throws IOException {
      before = now();
    }

    @Override
    public long allocate(int byteSize) throws IOException {
      return LibraryHeap.allocate(byteSize);
    }

    @Override
    public void free(long block) {
      LibraryHeap.free(block);
    }

    @Override
    public void fill(long block, int byteSize) {
      TracedHeap.fill(memory, block, byteSize);
    }

    @Override
    public void trim() {
      try {
        int trimmed = (int) MALLOC_TRIM.invokeExact(0L);
        if (trimmed != 0 && trimmed != 1) {
          throw new IllegalStateException("malloc_trim: " + trimmed);
        }
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public Use use() throws IOException {
      Use all = now();
      return new Use(
          all.heldBytes() - before.heldBytes(),
          all.residentBytes() - before.residentBytes(),
          UNKNOWN);
    }

    /** Bytes in the heaps and mappings of malloc, and what is resident of the process. */
    private static Use now() throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment info = (MemorySegment) MALLINFO2.invokeExact((SegmentAllocator) arena);
        long held = info.getAtIndex(JAVA_LONG, ARENA) + info.getAtIndex(JAVA_LONG, MAPPED);
        String[] pages =
            KernelFiles.ofThisMachine().require("/proc/self/statm").strip().split(" ", -1);
        return new Use(held, 4096 * Long.parseLong(pages[1]), UNKNOWN);
      } catch (IOException | RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void close() {}
  }
}
