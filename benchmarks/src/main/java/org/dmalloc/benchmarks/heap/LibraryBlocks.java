/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Blocks of malloc(3), by address. The handles are constants of two classes, as they must be to be
 * compiled into the caller.
 */
abstract class LibraryBlocks implements Blocks {
  private static final MemorySegment EVERYTHING = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  final long[] addresses;

  LibraryBlocks(int slots) {
    addresses = new long[slots];
  }

  static Allocator plain() {
    return Plain::new;
  }

  static Allocator critical() {
    return Critical::new;
  }

  private static MethodHandle mallocHandle(Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("malloc"),
        FunctionDescriptor.of(JAVA_LONG, JAVA_LONG),
        options);
  }

  private static MethodHandle freeHandle(Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(JAVA_LONG), options);
  }

  abstract long malloc(long byteSize);

  abstract void free(long address);

  @Override
  public final void replace(int slot, int byteSize) {
    long old = addresses[slot];
    if (old != 0) {
      free(old);
    }
    long address = malloc(byteSize);
    if (address == 0) {
      throw new OutOfMemoryError("malloc " + byteSize);
    }
    addresses[slot] = address;
    EVERYTHING.set(JAVA_LONG_UNALIGNED, address, byteSize);
    EVERYTHING.set(JAVA_LONG_UNALIGNED, address + byteSize - Long.BYTES, slot);
  }

  private static final class Plain extends LibraryBlocks {
    private static final MethodHandle MALLOC = mallocHandle();
    private static final MethodHandle FREE = freeHandle();

    Plain(int slots) {
      super(slots);
    }

    @Override
    long malloc(long byteSize) {
      try {
        return (long) MALLOC.invokeExact(byteSize);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    @Override
    void free(long address) {
      try {
        FREE.invokeExact(address);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }
  }

  private static final class Critical extends LibraryBlocks {
    private static final MethodHandle MALLOC = mallocHandle(Linker.Option.critical(false));
    private static final MethodHandle FREE = freeHandle(Linker.Option.critical(false));

    Critical(int slots) {
      super(slots);
    }

    @Override
    long malloc(long byteSize) {
      try {
        return (long) MALLOC.invokeExact(byteSize);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    @Override
    void free(long address) {
      try {
        FREE.invokeExact(address);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }
  }
}
