/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.costs;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The system calls that a region's life cannot do without, made as Java makes them and with nothing
 * around them: what the rows of {@link RegionCalls} are measured against. Downcalls of its own, so
 * that no change of the suite can make the measure shorter.
 */
final class BareCalls {
  private static final int O_RDWR_CREAT = 2 | 0100;
  private static final int O_TMPFILE_RDWR = 020000000 | 0200000 | 2;
  private static final int O_DIRECTORY = 0200000;
  private static final int READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final int MREMAP_MAYMOVE = 1;
  private static final int PUNCH_KEEP_SIZE = 3;
  private static final int OWNER_ONLY = 0600;
  private static final long MIB = 1L << 20;
  private static final long HEADER = 4096;

  private static final MethodHandle OPEN = call("open", 2, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = call("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle TRUNCATE = call("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle FALLOCATE =
      call("fallocate", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PWRITE =
      call("pwrite", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FSYNC = call("fsync", JAVA_INT, JAVA_INT);
  private static final MethodHandle LINK = call("link", JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle RENAME = call("rename", JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle UNLINK = call("unlink", JAVA_INT, ADDRESS);
  private static final MethodHandle MMAP =
      call("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle MREMAP =
      call("mremap", 4, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final MethodHandle MUNMAP = call("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment directory;
  private final MemorySegment temporary;
  private final MemorySegment name;
  private final MemorySegment otherName;
  private final MemorySegment zeros = arena.allocate(MIB);

  private BareCalls(Path directory) {
    this.directory = text(directory);
    this.temporary = text(directory.resolve("bare.new"));
    this.name = text(directory.resolve("bare"));
    this.otherName = text(directory.resolve("bare-2"));
  }

  private MemorySegment text(Path path) {
    return arena.allocateFrom(path.toString());
  }

  private static MethodHandle call(String name, MemoryLayout result, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow(name),
            FunctionDescriptor.of(result, arguments));
  }

  private static MethodHandle call(
      String name, int firstVariadic, MemoryLayout result, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow(name),
            FunctionDescriptor.of(result, arguments),
            Linker.Option.firstVariadicArg(firstVariadic));
  }

  /** The rows: each call makes the system calls once, and gives the nanoseconds that they took. */
  static Map<String, LongSupplier> rows(Path directory) {
    BareCalls calls = new BareCalls(directory);
    Map<String, LongSupplier> rows = new LinkedHashMap<>();
    rows.put("file: unnamed 1 MiB, allocate and close", () -> calls.unnamed(MIB, true));
    rows.put("file: unnamed 4 KiB, allocate and close", () -> calls.unnamed(HEADER, true));
    rows.put("file without fallocate: unnamed 1 MiB, allocate and close", calls::written);
    rows.put("file: close 1 MiB", () -> calls.unnamed(MIB, false));
    rows.put("anonymous: unnamed 1 MiB, allocate and close", () -> calls.anonymous(MIB));
    rows.put("anonymous: unnamed 4 KiB, allocate and close", () -> calls.anonymous(HEADER));
    rows.put("shared arena: open and close", BareCalls::arena);
    rows.put("file: named allocate, two fsyncs", () -> calls.named(true));
    rows.put("file: named allocate, no fsync", () -> calls.named(false));
    rows.put("file: delete, one fsync", () -> calls.delete(true));
    rows.put("file: delete, no fsync", () -> calls.delete(false));
    rows.put("file: rename, one fsync", () -> calls.rename(true));
    rows.put("file: rename, no fsync", () -> calls.rename(false));
    rows.put("file: grow 1 MiB to 2 by mremap", () -> calls.grow(true));
    rows.put("file: shrink 2 MiB to 1", () -> calls.grow(false));
    rows.put("file: punch 64 KiB", calls::punch);
    return rows;
  }

  private long unnamed(long byteSize, boolean all) {
    long begin = System.nanoTime();
    int fd =
        (int) made("open", () -> (int) OPEN.invokeExact(directory, O_TMPFILE_RDWR, OWNER_ONLY));
    long address = mapped(fd, byteSize);
    long mapped = System.nanoTime();
    made("munmap", () -> (int) MUNMAP.invokeExact(address, byteSize));
    made("close", () -> (int) CLOSE.invokeExact(fd));
    return System.nanoTime() - (all ? begin : mapped);
  }

  private static long mapped(int fd, long byteSize) {
    made("ftruncate", () -> (int) TRUNCATE.invokeExact(fd, byteSize));
    made("fallocate", () -> (int) FALLOCATE.invokeExact(fd, 0, 0L, byteSize));
    return made(
        "mmap", () -> (long) MMAP.invokeExact(0L, byteSize, READ_WRITE, MAP_SHARED, fd, 0L));
  }

  private long written() {
    long begin = System.nanoTime();
    int fd =
        (int) made("open", () -> (int) OPEN.invokeExact(directory, O_TMPFILE_RDWR, OWNER_ONLY));
    made("pwrite", () -> (long) PWRITE.invokeExact(fd, zeros, MIB, 0L));
    long address =
        made("mmap", () -> (long) MMAP.invokeExact(0L, MIB, READ_WRITE, MAP_SHARED, fd, 0L));
    made("munmap", () -> (int) MUNMAP.invokeExact(address, MIB));
    made("close", () -> (int) CLOSE.invokeExact(fd));
    return System.nanoTime() - begin;
  }

  private long anonymous(long byteSize) {
    long begin = System.nanoTime();
    long address =
        made(
            "mmap",
            () -> (long) MMAP.invokeExact(0L, byteSize, READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L));
    made("munmap", () -> (int) MUNMAP.invokeExact(address, byteSize));
    return System.nanoTime() - begin;
  }

  private static long arena() {
    long begin = System.nanoTime();
    Arena.ofShared().close();
    return System.nanoTime() - begin;
  }

  private long named(boolean durable) {
    long begin = System.nanoTime();
    int fd = (int) made("open", () -> (int) OPEN.invokeExact(temporary, O_RDWR_CREAT, OWNER_ONLY));
    made("ftruncate", () -> (int) TRUNCATE.invokeExact(fd, HEADER + MIB));
    made("fallocate", () -> (int) FALLOCATE.invokeExact(fd, 0, 0L, HEADER + MIB));
    made("pwrite", () -> (long) PWRITE.invokeExact(fd, zeros, HEADER, 0L));
    sync(durable, fd);
    made("link", () -> (int) LINK.invokeExact(temporary, name));
    made("unlink", () -> (int) UNLINK.invokeExact(temporary));
    syncDirectory(durable);
    long address =
        made("mmap", () -> (long) MMAP.invokeExact(0L, MIB, READ_WRITE, MAP_SHARED, fd, HEADER));
    long took = System.nanoTime() - begin;
    made("munmap", () -> (int) MUNMAP.invokeExact(address, MIB));
    made("close", () -> (int) CLOSE.invokeExact(fd));
    made("unlink", () -> (int) UNLINK.invokeExact(name));
    return took;
  }

  private static void sync(boolean durable, int fd) {
    if (durable) {
      made("fsync", () -> (int) FSYNC.invokeExact(fd));
    }
  }

  private void syncDirectory(boolean durable) {
    if (durable) {
      int fd = (int) made("open", () -> (int) OPEN.invokeExact(directory, O_DIRECTORY, 0));
      made("fsync", () -> (int) FSYNC.invokeExact(fd));
      made("close", () -> (int) CLOSE.invokeExact(fd));
    }
  }

  private void stored() {
    int fd = (int) made("open", () -> (int) OPEN.invokeExact(name, O_RDWR_CREAT, OWNER_ONLY));
    made("fallocate", () -> (int) FALLOCATE.invokeExact(fd, 0, 0L, HEADER + MIB));
    made("fsync", () -> (int) FSYNC.invokeExact(fd));
    made("close", () -> (int) CLOSE.invokeExact(fd));
  }

  private long delete(boolean durable) {
    stored();
    long begin = System.nanoTime();
    made("unlink", () -> (int) UNLINK.invokeExact(name));
    syncDirectory(durable);
    return System.nanoTime() - begin;
  }

  private long rename(boolean durable) {
    stored();
    long begin = System.nanoTime();
    made("rename", () -> (int) RENAME.invokeExact(name, otherName));
    syncDirectory(durable);
    long took = System.nanoTime() - begin;
    made("unlink", () -> (int) UNLINK.invokeExact(otherName));
    return took;
  }

  private long grow(boolean up) {
    int fd =
        (int) made("open", () -> (int) OPEN.invokeExact(directory, O_TMPFILE_RDWR, OWNER_ONLY));
    long address = mapped(fd, up ? MIB : 2 * MIB);
    long begin = System.nanoTime();
    long now = up ? grown(fd, address) : shrunk(fd, address);
    long took = System.nanoTime() - begin;
    made("munmap", () -> (int) MUNMAP.invokeExact(now, up ? 2 * MIB : MIB));
    made("close", () -> (int) CLOSE.invokeExact(fd));
    return took;
  }

  private static long grown(int fd, long address) {
    made("ftruncate", () -> (int) TRUNCATE.invokeExact(fd, 2 * MIB));
    made("fallocate", () -> (int) FALLOCATE.invokeExact(fd, 0, MIB, MIB));
    return made("mremap", () -> (long) MREMAP.invokeExact(address, MIB, 2 * MIB, MREMAP_MAYMOVE));
  }

  private static long shrunk(int fd, long address) {
    made("munmap", () -> (int) MUNMAP.invokeExact(address + MIB, MIB));
    made("ftruncate", () -> (int) TRUNCATE.invokeExact(fd, MIB));
    return address;
  }

  private long punch() {
    int fd =
        (int) made("open", () -> (int) OPEN.invokeExact(directory, O_TMPFILE_RDWR, OWNER_ONLY));
    made("pwrite", () -> (long) PWRITE.invokeExact(fd, zeros, MIB, 0L));
    long begin = System.nanoTime();
    made("fallocate", () -> (int) FALLOCATE.invokeExact(fd, PUNCH_KEEP_SIZE, MIB / 2, MIB / 16));
    long took = System.nanoTime() - begin;
    made("close", () -> (int) CLOSE.invokeExact(fd));
    return took;
  }

  /** A downcall; not a functional interface of the JDK, as it throws. */
  @FunctionalInterface
  private interface Call {
    long make() throws Throwable;
  }

  /** Makes a call; a failure is an {@link IllegalStateException}. */
  private static long made(String name, Call call) {
    long result;
    try {
      result = call.make();
    } catch (Throwable e) {
      throw new IllegalStateException(name, e);
    }
    if (result == -1) {
      throw new IllegalStateException(name + " failed");
    }
    return result;
  }
}
