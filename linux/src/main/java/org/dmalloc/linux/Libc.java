/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import java.nio.charset.Charset;
import java.util.function.LongBinaryOperator;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * The downcalls, one method each. Each returns the call's result, or the negated error number.
 *
 * <p>Pointers to memory that may be unmapped by another thread are passed as segments of its arena:
 * the linker then holds the arena open for the length of the call. None is {@code critical}: a
 * system call in such a section would hold up the garbage collector, and gains nothing.
 */
final class Libc {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
  private static final Charset FILE_NAMES =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
  private static final int FIXED_ARGUMENTS = -1;
  private static final String LINKED_LATER =
      "unlink pread pwrite fallocate ftruncate fsync fdatasync syncfs sync_file_range posix_fadvise"
          + " pipe2 vmsplice mremap mprotect mincore munlock getrusage malloc free";

  private static final MethodHandle MMAP =
      find("mmap", ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final LongBinaryOperator UNMAP = unmap();
  private static final MethodHandle MADVISE =
      find("madvise", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle MSYNC = find("msync", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle OPEN =
      findVariadic("open", 2, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = find("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle MEMFD_CREATE =
      find("memfd_create", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle FCNTL =
      findVariadic("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle IOCTL =
      findVariadic("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
  private static final MethodHandle FSTATFS = find("fstatfs", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle STATFS = find("statfs", JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle STATX =
      findVariadic(
          "syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
  private static final MethodHandle GETRLIMIT = find("getrlimit", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle SYSCONF = find("sysconf", JAVA_LONG, JAVA_INT);
  private static final MethodHandle USERFAULTFD =
      findVariadic("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** Calls that change files or read them. */
  private static final class OnFiles {
    static final MethodHandle UNLINK = find("unlink", JAVA_INT, ADDRESS);
    static final MethodHandle PREAD =
        find("pread", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    static final MethodHandle PWRITE =
        find("pwrite", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    static final MethodHandle FALLOCATE =
        find("fallocate", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    static final MethodHandle FTRUNCATE = find("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
    static final MethodHandle FSYNC = find("fsync", JAVA_INT, JAVA_INT);
    static final MethodHandle FDATASYNC = find("fdatasync", JAVA_INT, JAVA_INT);
    static final MethodHandle SYNCFS = find("syncfs", JAVA_INT, JAVA_INT);
    static final MethodHandle SYNC_FILE_RANGE =
        find("sync_file_range", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    static final MethodHandle POSIX_FADVISE =
        find("posix_fadvise", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  }

  /** Calls of moves, batches, locks and measurements. */
  private static final class Rare {
    static final MethodHandle PIPE2 = find("pipe2", JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle VMSPLICE =
        find("vmsplice", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    static final MethodHandle MREMAP =
        findVariadic("mremap", 4, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS);
    static final MethodHandle MPROTECT = find("mprotect", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    static final MethodHandle MINCORE = find("mincore", JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS);
    static final MethodHandle MLOCK2 =
        findVariadic("syscall", 1, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
    static final MethodHandle MUNLOCK = find("munlock", JAVA_INT, ADDRESS, JAVA_LONG);
    static final MethodHandle GETRUSAGE = find("getrusage", JAVA_INT, JAVA_INT, ADDRESS);
    // No errno: malloc has one reason to fail, and free none.
    static final MethodHandle MALLOC =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("malloc"),
            FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    static final MethodHandle FREE =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle PIDFD_OPEN =
        findVariadic("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    static final MethodHandle PROCESS_MADVISE =
        findVariadic(
            "syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            ADDRESS);
    static final MethodHandle CACHESTAT =
        findVariadic("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
    static final MethodHandle FUTEX =
        findVariadic(
            "syscall", 1, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS,
            JAVA_LONG);
  }

  private Libc() {}

  /**
   * Looks all functions up, so that what is missing shows here. To link one takes up to a
   * millisecond: those that no start calls are linked in groups, at the first call of one.
   */
  static void initialize() {
    for (String name : LINKED_LATER.split(" ", -1)) {
      LINKER.defaultLookup().findOrThrow(name);
    }
  }

  static long mmap(
      MemorySegment hint, long length, int protection, int flags, int fd, long offset) {
    return call(
        (state, arena) ->
            ((MemorySegment) MMAP.invokeExact(state, hint, length, protection, flags, fd, offset))
                .address());
  }

  /**
   * munmap(2) by address and length, with 0 or the error number as its result. It consists of
   * objects of the JDK, so that it works when the bundle that this class is in has gone; one for
   * all mappings, since such an object takes hundreds of bytes and microseconds to make.
   */
  static LongBinaryOperator unmapping() {
    return UNMAP;
  }

  /**
   * Puts together what Java code would say so: open a confined arena, take room for the error
   * number from it, call, look at the result, close the arena.
   */
  private static LongBinaryOperator unmap() {
    try {
      MethodHandles.Lookup lookup = MethodHandles.publicLookup();
      MethodHandle munmap = find("munmap", JAVA_INT, ADDRESS, JAVA_LONG);
      MethodHandle errno =
          MethodHandles.insertArguments(
              lookup.findVirtual(
                  MemorySegment.class,
                  "get",
                  MethodType.methodType(int.class, ValueLayout.OfInt.class, long.class)),
              1,
              JAVA_INT,
              ERRNO_OFFSET);
      MethodType arguments = munmap.type();
      // (state, address, length) to 0 or the error number; -1 has its lowest bit set, 0 has not
      MethodHandle checked =
          MethodHandles.guardWithTest(
              MethodHandles.explicitCastArguments(
                  munmap, arguments.changeReturnType(boolean.class)),
              MethodHandles.dropArguments(errno, 1, arguments.parameterList().subList(1, 3)),
              MethodHandles.dropArguments(
                  MethodHandles.constant(int.class, 0), 0, arguments.parameterList()));
      MethodHandle allocate =
          MethodHandles.insertArguments(
                  lookup.findVirtual(
                      SegmentAllocator.class,
                      "allocate",
                      MethodType.methodType(MemorySegment.class, MemoryLayout.class)),
                  1,
                  STATE)
              .asType(MethodType.methodType(MemorySegment.class, Arena.class));
      MethodHandle ofAddress =
          lookup.findStatic(
              MemorySegment.class,
              "ofAddress",
              MethodType.methodType(MemorySegment.class, long.class));
      MethodHandle inArena =
          MethodHandles.explicitCastArguments(
              MethodHandles.filterArguments(checked, 0, allocate, ofAddress),
              MethodType.methodType(long.class, Arena.class, long.class, long.class));
      MethodHandle close =
          lookup.findVirtual(Arena.class, "close", MethodType.methodType(void.class));
      // (thrown, result, arena) to the result
      MethodHandle cleanup =
          MethodHandles.foldArguments(
              MethodHandles.dropArguments(
                  MethodHandles.identity(long.class), 0, Arena.class, Throwable.class),
              close);
      cleanup =
          MethodHandles.permuteArguments(
              cleanup,
              MethodType.methodType(long.class, Throwable.class, long.class, Arena.class),
              2,
              0,
              1);
      MethodHandle open =
          lookup.findStatic(Arena.class, "ofConfined", MethodType.methodType(Arena.class));
      MethodHandle call =
          MethodHandles.foldArguments(MethodHandles.tryFinally(inArena, cleanup), open);
      return MethodHandleProxies.asInterfaceInstance(LongBinaryOperator.class, call);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  static long mremap(
      MemorySegment start, long oldLength, long newLength, int flags, MemorySegment target) {
    return call(
        (state, arena) ->
            ((MemorySegment)
                    Rare.MREMAP.invokeExact(state, start, oldLength, newLength, flags, target))
                .address());
  }

  static long mprotect(MemorySegment start, long length, int protection) {
    return call(
        (state, arena) -> (int) Rare.MPROTECT.invokeExact(state, start, length, protection));
  }

  static long madvise(MemorySegment start, long length, int advice) {
    return call((state, arena) -> (int) MADVISE.invokeExact(state, start, length, advice));
  }

  static long msync(MemorySegment start, long length, int flags) {
    return call((state, arena) -> (int) MSYNC.invokeExact(state, start, length, flags));
  }

  static long mincore(MemorySegment start, long length, MemorySegment pages) {
    return call((state, arena) -> (int) Rare.MINCORE.invokeExact(state, start, length, pages));
  }

  static long mlock2(MemorySegment start, long length, int flags) {
    return call(
        (state, arena) ->
            (long) Rare.MLOCK2.invokeExact(state, Abi.SYS_MLOCK2, start, length, (long) flags));
  }

  static long munlock(MemorySegment start, long length) {
    return call((state, arena) -> (int) Rare.MUNLOCK.invokeExact(state, start, length));
  }

  static long open(String path, int flags, int mode) {
    return call((state, arena) -> (int) OPEN.invokeExact(state, text(path, arena), flags, mode));
  }

  static long unlink(String path) {
    return call((state, arena) -> (int) OnFiles.UNLINK.invokeExact(state, text(path, arena)));
  }

  static long close(int fd) {
    return call((state, arena) -> (int) CLOSE.invokeExact(state, fd));
  }

  static long memfdCreate(String name, int flags) {
    return call((state, arena) -> (int) MEMFD_CREATE.invokeExact(state, text(name, arena), flags));
  }

  static long fcntl(int fd, int command, int argument) {
    return call((state, arena) -> (int) FCNTL.invokeExact(state, fd, command, argument));
  }

  static long pipe2(MemorySegment ends, int flags) {
    return call((state, arena) -> (int) Rare.PIPE2.invokeExact(state, ends, flags));
  }

  /** Puts the pages that a vector of one address and length names into a pipe. */
  static long vmsplice(int fd, MemorySegment vector, int flags, MemorySegment pages) {
    try {
      return call((state, arena) -> (long) Rare.VMSPLICE.invokeExact(state, fd, vector, 1L, flags));
    } finally {
      Reference.reachabilityFence(pages);
    }
  }

  static long ioctl(int fd, long request, MemorySegment argument) {
    return call((state, arena) -> (int) IOCTL.invokeExact(state, fd, request, argument));
  }

  /** Like {@link #ioctl(int, long, MemorySegment)}, for a caller that keeps {@link #state}. */
  static long ioctl(MemorySegment state, int fd, long request, MemorySegment argument) {
    try {
      return result((int) IOCTL.invokeExact(state, fd, request, argument), state);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** Room for the error of one call at a time. */
  static MemorySegment state(Arena arena) {
    return arena.allocate(STATE);
  }

  static long pread(int fd, MemorySegment buffer, long offset) {
    return call(
        (state, arena) ->
            (long) OnFiles.PREAD.invokeExact(state, fd, buffer, buffer.byteSize(), offset));
  }

  static long pwrite(int fd, MemorySegment buffer, long offset) {
    return call(
        (state, arena) ->
            (long) OnFiles.PWRITE.invokeExact(state, fd, buffer, buffer.byteSize(), offset));
  }

  static long fallocate(int fd, int mode, long offset, long length) {
    return call(
        (state, arena) -> (int) OnFiles.FALLOCATE.invokeExact(state, fd, mode, offset, length));
  }

  static long ftruncate(int fd, long length) {
    return call((state, arena) -> (int) OnFiles.FTRUNCATE.invokeExact(state, fd, length));
  }

  static long fsync(int fd) {
    return call((state, arena) -> (int) OnFiles.FSYNC.invokeExact(state, fd));
  }

  static long fdatasync(int fd) {
    return call((state, arena) -> (int) OnFiles.FDATASYNC.invokeExact(state, fd));
  }

  static long syncfs(int fd) {
    return call((state, arena) -> (int) OnFiles.SYNCFS.invokeExact(state, fd));
  }

  static long syncFileRange(int fd, long offset, long length, int flags) {
    return call(
        (state, arena) ->
            (int) OnFiles.SYNC_FILE_RANGE.invokeExact(state, fd, offset, length, flags));
  }

  static long posixFadvise(int fd, long offset, long length, int advice) {
    try (Arena arena = Arena.ofConfined()) {
      // This one returns the error number itself and leaves errno alone.
      MemorySegment state = arena.allocate(STATE);
      return -(int) OnFiles.POSIX_FADVISE.invokeExact(state, fd, offset, length, advice);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static long fstatfs(int fd, MemorySegment facts) {
    return call((state, arena) -> (int) FSTATFS.invokeExact(state, fd, facts));
  }

  static long statfs(String path, MemorySegment facts) {
    return call((state, arena) -> (int) STATFS.invokeExact(state, text(path, arena), facts));
  }

  static long statx(int fd, MemorySegment facts) {
    return call(
        (state, arena) ->
            (long)
                STATX.invokeExact(
                    state,
                    Abi.SYS_STATX,
                    (long) fd,
                    text("", arena),
                    (long) Abi.AT_EMPTY_PATH,
                    (long) Abi.STATX_BASIC_STATS,
                    facts));
  }

  static long getrlimit(int resource, MemorySegment limits) {
    return call((state, arena) -> (int) GETRLIMIT.invokeExact(state, resource, limits));
  }

  static long getrusage(int who, MemorySegment usage) {
    return call((state, arena) -> (int) Rare.GETRUSAGE.invokeExact(state, who, usage));
  }

  static long sysconf(int name) {
    return call((state, arena) -> (long) SYSCONF.invokeExact(state, name));
  }

  static long pidfdOpen(long pid) {
    return call(
        (state, arena) -> (long) Rare.PIDFD_OPEN.invokeExact(state, Abi.SYS_PIDFD_OPEN, pid, 0L));
  }

  static long userfaultfd(int flags) {
    return call(
        (state, arena) -> (long) USERFAULTFD.invokeExact(state, Abi.SYS_USERFAULTFD, (long) flags));
  }

  /**
   * @param pages what the vectors point into. The system call has no sixth argument and ignores it;
   *     the linker sees it and keeps the mapping alive.
   */
  static long processMadvise(
      int pidfd, MemorySegment vectors, long count, int advice, MemorySegment pages) {
    return call(
        (state, arena) ->
            (long)
                Rare.PROCESS_MADVISE.invokeExact(
                    state,
                    Abi.SYS_PROCESS_MADVISE,
                    (long) pidfd,
                    vectors,
                    count,
                    (long) advice,
                    0L,
                    pages));
  }

  static long cachestat(int fd, MemorySegment range, MemorySegment counts) {
    return call(
        (state, arena) ->
            (long)
                Rare.CACHESTAT.invokeExact(state, Abi.SYS_CACHESTAT, (long) fd, range, counts, 0L));
  }

  /**
   * @param timeout a timespec, how long to wait; {@link MemorySegment#NULL} where nothing waits
   */
  static long futex(MemorySegment word, int operation, int value, MemorySegment timeout) {
    return call(
        (state, arena) ->
            (long)
                Rare.FUTEX.invokeExact(
                    state,
                    Abi.SYS_FUTEX,
                    word,
                    (long) operation,
                    (long) value,
                    timeout,
                    MemorySegment.NULL,
                    0L));
  }

  /** The address; 0 if there is no memory. */
  static MemorySegment malloc(long byteSize) {
    try {
      return (MemorySegment) Rare.MALLOC.invokeExact(byteSize);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static void free(MemorySegment block) {
    try {
      Rare.FREE.invokeExact(block);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** A downcall, with room for its error number, and an arena for its arguments. */
  @FunctionalInterface
  private interface Call {
    long result(MemorySegment state, Arena arena) throws Throwable;
  }

  private static long call(Call call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      return result(call.result(state, arena), state);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** The result of a call; an exception if that is an error number. */
  static long check(String operation, long byteSize, String target, long result)
      throws MemoryException {
    if (result < 0) {
      throw Errno.exception(operation, byteSize, target, (int) -result);
    }
    return result;
  }

  private static long result(long value, MemorySegment state) {
    return value == -1 ? -(long) state.get(JAVA_INT, ERRNO_OFFSET) : value;
  }

  private static MethodHandle find(String name, MemoryLayout result, MemoryLayout... arguments) {
    return findVariadic(name, FIXED_ARGUMENTS, result, arguments);
  }

  private static MethodHandle findVariadic(
      String name, int firstVariadic, MemoryLayout result, MemoryLayout... arguments) {
    MemorySegment function =
        LINKER
            .defaultLookup()
            .find(name)
            .orElseThrow(() -> new UnsatisfiedLinkError("libc has no " + name));
    FunctionDescriptor descriptor = FunctionDescriptor.of(result, arguments);
    Linker.Option errno = Linker.Option.captureCallState("errno");
    return firstVariadic == FIXED_ARGUMENTS
        ? LINKER.downcallHandle(function, descriptor, errno)
        : LINKER.downcallHandle(
            function, descriptor, errno, Linker.Option.firstVariadicArg(firstVariadic));
  }

  private static RuntimeException unexpected(Throwable t) {
    if (t instanceof RuntimeException e) {
      return e; // such as IllegalStateException: the segment's arena is closed
    }
    if (t instanceof Error e) {
      throw e;
    }
    return new IllegalStateException("downcall failed", t);
  }

  /** The text as a C string, in the encoding that Java itself uses for file names. */
  private static MemorySegment text(String text, Arena arena) {
    byte[] bytes = text.getBytes(FILE_NAMES);
    MemorySegment copy = arena.allocate(bytes.length + 1L);
    MemorySegment.copy(bytes, 0, copy, JAVA_BYTE, 0, bytes.length);
    return copy;
  }
}
