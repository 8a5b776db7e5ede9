/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The allocator behind {@link org.dmalloc.heap.Heap}. Nothing is exported: {@link
 * org.dmalloc.heap.allocator.RegionHeaps} is found as a service.
 *
 * <p><b>Layers.</b> {@link org.dmalloc.heap.allocator.PageTable} reads and writes what the region
 * says of its pages, {@link org.dmalloc.heap.allocator.FreeRuns} finds free pages, {@link
 * org.dmalloc.heap.allocator.BlockCache} cuts them into blocks, {@link
 * org.dmalloc.heap.allocator.HeapTables} has all of these with locks, sections and what ends a
 * heap, {@link org.dmalloc.heap.allocator.Allocator} allocates and grows, {@link
 * org.dmalloc.heap.allocator.BlockRelease} finds and frees, {@link
 * org.dmalloc.heap.allocator.Reclaim} gives back, {@link org.dmalloc.heap.allocator.HeapScan}
 * checks and makes anew, {@link org.dmalloc.heap.allocator.RegionHeap} is what users see.
 *
 * <p><b>Locks</b>, in this order: an access section, which is no lock and is opened first, because
 * a mover waits for all of them; the lock for giving back space; those of caches, by their numbers;
 * that of the free runs; that of the roots. None is held while a region grows.
 *
 * <p><b>A lock that is lost.</b> An error of the JVM may come where a lock is to be unlocked, and
 * come again in whatever handles it: a stack that is full, for one. Each handler therefore begins
 * with a store to {@link org.dmalloc.heap.allocator.HeapTables#stopped}, which needs no stack;
 * whoever waits for a lock looks at it, and gives up.
 *
 * <p><b>Stores.</b> The region gets plain stores only. A file that was cut short is an {@link
 * java.lang.InternalError} then, where a compare-and-set would end the JVM. What orders them for
 * other threads are the locks, on the Java heap; what orders them for a process that is killed are
 * store fences.
 */
@NullMarked
package org.dmalloc.heap.allocator;

import org.jspecify.annotations.NullMarked;
