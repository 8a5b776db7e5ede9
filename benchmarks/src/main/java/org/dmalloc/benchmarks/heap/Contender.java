/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.benchmarks.heap.HeapBlocks.Touch;

/** The allocators that are measured, ours and their peers. */
public enum Contender {
  HARNESS("choosing slot and size, storing 16 bytes; no allocator"),
  MALLOC("the C library's malloc and free, downcalls"),
  MALLOC_CRITICAL("the same by Linker.Option.critical, which holds up the JVM's safepoints"),
  NETTY_POOLED("Netty's PooledByteBufAllocator, direct buffers"),
  NETTY_ADAPTIVE("Netty's AdaptiveByteBufAllocator, direct buffers"),
  ARENA_CONFINED("an Arena.ofConfined() for each block; zeroes it"),
  ARENA_SHARED("an Arena.ofShared() for each block; zeroes it"),
  MAPDB_DIRECT("MapDB's StoreDirect on a mapped file"),
  MAPDB_WAL("MapDB's StoreWAL on a mapped file, a durable commit after each 1,024 records"),
  HEAP_ANON("Heap by offset, region of anon, stores through its segment"),
  HEAP_ANON_SECTIONS("Heap by offset, region of anon, each block stored to in an access section"),
  HEAP_ANON_ALLOCATOR("Heap.allocator() on anon: blocks as segments; zeroes them"),
  HEAP_PANAMA("Heap by offset, file by panama, stores through its segment"),
  HEAP_FILECHANNEL("Heap by offset, file by filechannel, stores through its segment"),
  HEAP_MANAGED(
      "Heap by offset, managed region, which can move, each block stored to in an access section");

  private static final Set<Contender> OURS =
      EnumSet.of(
          HEAP_ANON,
          HEAP_ANON_SECTIONS,
          HEAP_ANON_ALLOCATOR,
          HEAP_PANAMA,
          HEAP_FILECHANNEL,
          HEAP_MANAGED);
  private static final Set<Contender> PERSISTENT = EnumSet.of(MAPDB_DIRECT, MAPDB_WAL);

  /** Not of interest twice. */
  private static final Set<Contender> RECORDS_ONLY = EnumSet.of(HEAP_FILECHANNEL);

  private final String description;

  Contender(String description) {
    this.description = description;
  }

  /** The name in commands and reports: {@code heap-anon}. */
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  String description() {
    return description;
  }

  boolean ours() {
    return OURS.contains(this);
  }

  /** Whether a pattern of use is possible with it. */
  boolean takesPart(HeapPattern pattern) {
    return switch (pattern) {
      case MIXED, SMALL -> !PERSISTENT.contains(this) && !RECORDS_ONLY.contains(this);
      case LARSON ->
          this != ARENA_CONFINED && !PERSISTENT.contains(this) && !RECORDS_ONLY.contains(this);
      case RECORDS ->
          PERSISTENT.contains(this)
              || List.of(HEAP_PANAMA, HEAP_FILECHANNEL, HEAP_MANAGED).contains(this);
    };
  }

  /**
   * Opens it.
   *
   * @param directory for its files
   */
  Allocator open(Path directory) throws IOException {
    return switch (this) {
      case HARNESS -> Harness::new;
      case MALLOC -> LibraryBlocks.plain();
      case MALLOC_CRITICAL -> LibraryBlocks.critical();
      case NETTY_POOLED -> NettyBlocks.pooled();
      case NETTY_ADAPTIVE -> NettyBlocks.adaptive();
      case ARENA_CONFINED -> ArenaBlocks.confined();
      case ARENA_SHARED -> ArenaBlocks.shared();
      case MAPDB_DIRECT -> MapDbRecords.direct(directory);
      case MAPDB_WAL -> MapDbRecords.logged(directory);
      case HEAP_ANON -> HeapBlocks.open("anon", Touch.SEGMENT, directory);
      case HEAP_ANON_SECTIONS -> HeapBlocks.open("anon", Touch.SECTION, directory);
      case HEAP_ANON_ALLOCATOR -> HeapBlocks.open("anon", Touch.ALLOCATOR, directory);
      case HEAP_PANAMA -> HeapBlocks.open("panama", Touch.SEGMENT, directory);
      case HEAP_FILECHANNEL -> HeapBlocks.open("filechannel", Touch.SEGMENT, directory);
      case HEAP_MANAGED -> HeapBlocks.open(Dmalloc.MANAGED, Touch.SECTION, directory);
    };
  }
}
