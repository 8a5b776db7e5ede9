/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Direct buffers of Netty's allocators. */
final class NettyBlocks implements Blocks {
  /**
   * What makes Netty fastest here: caches for threads that are not its own, no sampling of leaks,
   * and direct access to memory, which it does without on Java 25 by default.
   */
  static final List<String> JVM_ARGUMENTS =
      List.of(
          "--sun-misc-unsafe-memory-access=allow",
          "-Dio.netty.noUnsafe=false",
          "-Dio.netty.leakDetection.level=disabled",
          "-Dio.netty.allocator.useCacheForAllThreads=true",
          "-Dio.netty.allocator.useCachedMagazinesForNonEventLoopThreads=true");

  private final ByteBufAllocator allocator;
  private final @Nullable ByteBuf[] buffers;

  private NettyBlocks(ByteBufAllocator allocator, int slots) {
    this.allocator = allocator;
    buffers = new ByteBuf[slots];
  }

  static Allocator pooled() {
    return slots -> new NettyBlocks(PooledByteBufAllocator.DEFAULT, slots);
  }

  static Allocator adaptive() {
    AdaptiveByteBufAllocator one = new AdaptiveByteBufAllocator(true, true);
    return slots -> new NettyBlocks(one, slots);
  }

  @Override
  public void replace(int slot, int byteSize) {
    ByteBuf old = buffers[slot];
    if (old != null) {
      old.release();
    }
    ByteBuf buffer = allocator.directBuffer(byteSize, byteSize);
    buffers[slot] = buffer;
    buffer.setLongLE(0, byteSize);
    buffer.setLongLE(byteSize - Long.BYTES, slot);
  }
}
