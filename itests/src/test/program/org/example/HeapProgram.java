package org.example;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.*;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.heap.*;

/** Keeps a list of words in a file: each run adds some, and prints all. */
public class HeapProgram {
  public static void main(String[] args) throws MemoryException {
    HeapService heaps = HeapService.load();
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", args[0]));
        MemoryRegion region = region(dmalloc.provider("filechannel"), "words");
        Heap heap =
            heaps.isHeap(region)
                ? heaps.open(region, HeapOptions.DEFAULT)
                : heaps.create(region, HeapOptions.DEFAULT)) {
      for (int i = 1; i < args.length; i++) {
        add(heap, args[i]);
      }
      for (long node = heap.root("newest").orElse(Heap.NULL); node != Heap.NULL; ) {
        try (Access access = region.acquire()) {
          MemorySegment block = heap.segment(access, node);
          byte[] word = block.asSlice(16, block.get(JAVA_LONG, 8)).toArray(JAVA_BYTE);
          System.out.println(new String(word, StandardCharsets.UTF_8));
          node = block.get(JAVA_LONG, 0);
        }
      }
    }
  }

  /** A node is the offset of the next one, the number of bytes, and the bytes. */
  static void add(Heap heap, String word) throws MemoryException {
    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
    long node = heap.allocate(16 + bytes.length);
    try (Access access = heap.region().acquire()) {
      MemorySegment block = heap.segment(access, node);
      block.set(JAVA_LONG, 0, heap.root("newest").orElse(Heap.NULL));
      block.set(JAVA_LONG, 8, bytes.length);
      MemorySegment.copy(bytes, 0, block, JAVA_BYTE, 16, bytes.length);
    }
    heap.setRoot("newest", node); // from here on it is found
  }

  static MemoryRegion region(MemoryProvider provider, String name) throws MemoryException {
    Optional<StoredRegion> stored =
        provider.stored().stream().filter(each -> each.name().equals(name)).findFirst();
    return stored.isPresent()
        ? provider.open(OpenRequest.of(name))
        : provider.allocate(RegionRequest.ofSize(1 << 20).withName(name).withMaximum(1 << 30));
  }
}
