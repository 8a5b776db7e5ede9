/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A shared mapping of a file on XFS, with msync(2), and a copy that shares its blocks (FICLONE),
 * with fsync. Stores after that take new blocks. The file system is in a file, on a loop device.
 */
final class ReflinkCopy implements Persistence {
  private static final int O_RDWR_CREAT = 2 | 0100;
  private static final int OWNER_ONLY = 0600;
  private static final long FICLONE = 0x40049409L;
  private static final MethodHandle OPEN = call("open", 2, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle IOCTL =
      call("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle FSYNC = call("fsync", 1, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = call("close", 1, JAVA_INT, JAVA_INT);

  private final XfsImage disk;
  private final SharedMapping mapping;
  private final Path source;

  ReflinkCopy(Path directory, int pages) throws IOException, InterruptedException {
    // The file, the copy's old blocks and new ones, and what XFS itself takes.
    disk = XfsImage.mount(directory, 4L * pages * PageBytes.BYTES + (512L << 20));
    try {
      source = disk.directory().resolve("source");
      mapping = new SharedMapping(source, pages);
    } catch (IOException | RuntimeException | Error e) {
      disk.close();
      throw e;
    }
  }

  private static MethodHandle call(
      String name, int fixed, MemoryLayout result, MemoryLayout... arguments) {
    FunctionDescriptor type = FunctionDescriptor.of(result, arguments);
    Linker linker = Linker.nativeLinker();
    return fixed == arguments.length
        ? linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type)
        : linker.downcallHandle(
            linker.defaultLookup().findOrThrow(name), type, Linker.Option.firstVariadicArg(fixed));
  }

  @Override
  public void store(int[] pages, long stamp) {
    mapping.store(pages, stamp);
  }

  @Override
  public void persist() throws IOException {
    mapping.persist();
    Path copy = disk.directory().resolve("copy");
    Files.deleteIfExists(copy);
    try (Arena arena = Arena.ofConfined()) {
      int from = made("open " + source, open(arena, source));
      try {
        int to = made("open " + copy, open(arena, copy));
        try {
          made("ioctl FICLONE of " + copy, (int) IOCTL.invokeExact(to, FICLONE, from));
          made("fsync of " + copy, (int) FSYNC.invokeExact(to));
        } finally {
          made("close", (int) CLOSE.invokeExact(to));
        }
      } finally {
        made("close", (int) CLOSE.invokeExact(from));
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static int open(Arena arena, Path path) throws Throwable {
    return (int) OPEN.invokeExact(arena.allocateFrom(path.toString()), O_RDWR_CREAT, OWNER_ONLY);
  }

  private static int made(String call, int result) throws IOException {
    if (result < 0) {
      throw new IOException(call + " failed");
    }
    return result;
  }

  @Override
  public long load(int page) {
    return mapping.load(page);
  }

  @Override
  public boolean mapped() {
    return true;
  }

  @Override
  public void close() throws IOException {
    try (disk) {
      mapping.close();
    }
  }
}
