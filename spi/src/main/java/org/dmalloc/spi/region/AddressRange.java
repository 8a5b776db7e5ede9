/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.function.LongBinaryOperator;
import org.dmalloc.spi.machine.Errno;

/**
 * A mapped range of addresses, with the one right to unmap it.
 *
 * <p><b>Ownership.</b> Whoever has the range owns the addresses, alone. All segments of the memory
 * belong to the range's shared arena, so that ending it ends all access first. {@link #abandon}
 * gives the addresses up without unmapping them, when another range takes them over.
 *
 * <p><b>Classes.</b> The arena, the segment and the call that unmaps are objects of the JDK, not of
 * the bundle that mapped the memory: that bundle may be uninstalled and its jar gone by the time
 * that the range is closed.
 *
 * <p><b>Threads.</b> {@code close} and {@code abandon} are called by one thread, once they succeed;
 * the rest by any.
 */
public final class AddressRange implements AutoCloseable {
  private final Arena arena;
  private final MemorySegment segment;
  private final LongBinaryOperator unmap;

  /**
   * Takes a mapping over.
   *
   * @param arena a shared one, of this range alone
   * @param segment all of the mapping, with the arena's life
   * @param unmap unmaps an address and length: 0, or the error number. An object whose class the
   *     JDK has loaded
   */
  public AddressRange(Arena arena, MemorySegment segment, LongBinaryOperator unmap) {
    this.arena = arena;
    this.segment = segment;
    this.unmap = unmap;
  }

  /** Takes a mapping over that the arena itself unmaps, such as a file channel's. */
  public static AddressRange ofArena(Arena arena, MemorySegment segment) {
    return new AddressRange(arena, segment, (address, length) -> 0);
  }

  public MemorySegment segment() {
    return segment;
  }

  public long address() {
    return segment.address();
  }

  public long length() {
    return segment.byteSize();
  }

  /**
   * Ends all access and unmaps.
   *
   * @throws IllegalStateException while a native call uses the memory, and nothing has changed; or
   *     if the kernel refuses, and the addresses are lost
   */
  @Override
  public void close() {
    arena.close();
    unmap(address(), length(), unmap);
  }

  /** Takes addresses that no segment leads to. */
  @FunctionalInterface
  public interface Keeper {
    /**
     * Unmaps them now or later, by the call that is given.
     *
     * @return 0, or the error number of a call that was made now
     */
    long keep(long address, long length, LongBinaryOperator unmap);
  }

  /**
   * Ends all access, and leaves it to another when the range is unmapped.
   *
   * @throws IllegalStateException as {@link #close()} does
   */
  public void close(Keeper keeper) {
    arena.close();
    unmap(address(), length(), (address, length) -> keeper.keep(address, length, unmap));
  }

  /** Unmaps addresses that no segment leads to; throws {@link IllegalStateException} if refused. */
  public static void unmap(long address, long length, LongBinaryOperator unmap) {
    int errno = (int) unmap.applyAsLong(address, length);
    if (errno != 0) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "munmap %d bytes at 0x%x: %s (%d)",
              length,
              address,
              Errno.name(errno),
              errno));
    }
  }

  /**
   * Ends all access and leaves the addresses mapped, for a successor.
   *
   * @throws IllegalStateException while a native call uses the memory; nothing has changed
   */
  public void abandon() {
    arena.close();
  }
}
