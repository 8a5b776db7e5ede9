/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.IntToLongFunction;
import java.util.function.LongSupplier;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.LongOperation;

/**
 * A file descriptor, closed exactly once.
 *
 * <p><b>Ownership.</b> Its opener closes it. A {@link Mapping} of the file outlives it, but tells
 * less about its residency then.
 *
 * <p><b>Threads.</b> All methods may be called from any thread; {@code close} waits for calls in
 * progress, so that none can meet a descriptor that was closed and given to another file.
 *
 * <p><b>Record locks.</b> Closing any descriptor of a file drops the process's POSIX record locks
 * on that file, those of {@link java.nio.channels.FileChannel#lock()} among them. Keep this open
 * for as long as such a lock is to hold.
 */
public final class OpenFile implements AutoCloseable {
  /** Between two checks of the interrupt flag: short on any file system (tmpfs takes 66 ms). */
  private static final long RESERVE_CHUNK_BYTES = 256L << 20;

  /** One write where space can be taken in no other way. */
  private static final long ZEROS_BYTES = 1L << 20;

  private static final int OWNER_ONLY = 0600;

  /** For files in memory: what they take cannot be had twice. */
  private static final Machine MEMORY = Machine.unconditional(KernelFiles.ofThisMachine());

  private final int fd;
  private final String target;
  private final AccessMode access;
  private final ReentrantReadWriteLock closing = new ReentrantReadWriteLock();
  private boolean open = true;

  private OpenFile(int fd, String target, AccessMode access) {
    this.fd = fd;
    this.target = target;
    this.access = access;
  }

  /**
   * Opens a file that exists.
   *
   * @throws MemoryException if the file is missing, a symbolic link, or not allowed
   */
  public static OpenFile open(Path path, AccessMode access) throws MemoryException {
    return open(path, access, path.toString());
  }

  /** Like the other {@code open}, for a file that messages call something else than its path. */
  public static OpenFile open(Path path, AccessMode access, String target) throws MemoryException {
    Platform.require();
    int flags = Abi.O_CLOEXEC | Abi.O_NOFOLLOW;
    flags |= access == AccessMode.READ_ONLY ? Abi.O_RDONLY : Abi.O_RDWR;
    return opened("open", target, Libc.open(path.toString(), flags, 0), access);
  }

  /**
   * Creates a file without a name in a directory; it vanishes when its last descriptor and mapping
   * do, also if the process is killed. Where the file system lacks O_TMPFILE the file has a name
   * for the moment between its creation and its unlinking.
   *
   * @throws MemoryException if the directory is missing, read-only or not allowed
   */
  public static OpenFile unnamedIn(Path directory) throws MemoryException {
    Platform.require();
    long result =
        Libc.open(directory.toString(), Abi.O_TMPFILE | Abi.O_RDWR | Abi.O_CLOEXEC, OWNER_ONLY);
    // EISDIR is how kernels before 3.11 and some network file systems say "no O_TMPFILE".
    if (result == -Errno.EOPNOTSUPP || result == -Errno.EISDIR) {
      return createUnlinked(directory);
    }
    return opened("open O_TMPFILE", directory.toString(), result, AccessMode.READ_WRITE);
  }

  static OpenFile createUnlinked(Path directory) throws MemoryException {
    String path = directory.resolve(".dmalloc-" + UUID.randomUUID()).toString();
    int flags = Abi.O_CREAT | Abi.O_EXCL | Abi.O_RDWR | Abi.O_CLOEXEC | Abi.O_NOFOLLOW;
    OpenFile file =
        opened("create", path, Libc.open(path, flags, OWNER_ONLY), AccessMode.READ_WRITE);
    long result = Libc.unlink(path);
    if (result < 0) {
      file.close();
      throw Errno.exception("unlink", -1, path, (int) -result);
    }
    return file;
  }

  /**
   * Creates a file in memory (memfd_create), which swap backs. Its size starts at 0.
   *
   * @param name shown in {@code /proc/PID/maps}; need not be unique
   */
  public static OpenFile inMemory(String name) throws MemoryException {
    return inMemory(name, name);
  }

  /** Like the other {@code inMemory}, for a file that messages call something else. */
  public static OpenFile inMemory(String name, String target) throws MemoryException {
    Platform.require();
    int flags = Abi.MFD_CLOEXEC | Abi.MFD_ALLOW_SEALING;
    // Linux 6.3 asks for a decision about executing it, and older kernels refuse the flag.
    long result = Libc.memfdCreate(name, flags | Abi.MFD_NOEXEC_SEAL);
    if (result == -Errno.EINVAL) {
      result = Libc.memfdCreate(name, flags);
    }
    return opened("memfd_create", target, result, AccessMode.READ_WRITE);
  }

  static OpenFile opened(String operation, String target, long result, AccessMode access)
      throws MemoryException {
    return new OpenFile((int) Libc.check(operation, -1, target, result), target, access);
  }

  /** The path or name that it was opened by, for messages. */
  public String target() {
    return target;
  }

  /** Whether it may be written. */
  public AccessMode access() {
    return access;
  }

  /**
   * Where other processes of the same user find this file while it is open here, named or not:
   * {@code /proc/PID/fd/N}.
   */
  public Path sharedPath() {
    return use(fd -> Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + fd));
  }

  /** Where this process finds it, whatever its number is elsewhere: {@code /proc/self/fd/N}. */
  public Path ownPath() {
    return use(fd -> Path.of("/proc/self/fd/" + fd));
  }

  /** The number of the descriptor, by which {@code /proc} shows it. */
  public int descriptor() {
    return use(fd -> fd);
  }

  /** Size, identity and disk usage, now. */
  public FileFacts facts() throws MemoryException {
    return use(
        fd -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment facts = arena.allocate(FileFacts.STRUCT_BYTES, 8);
            Libc.check("statx", -1, target, Libc.statx(fd, facts));
            return FileFacts.read(facts);
          }
        });
  }

  /** The file system that it lies on. */
  public FileSystem fileSystem() throws MemoryException {
    return use(fd -> FileSystem.of(fd, target));
  }

  /** Sets the length of the file; new bytes are zero and take no space yet (ftruncate). */
  public void setByteSize(long byteSize) throws MemoryException {
    call("ftruncate", byteSize, fd -> Libc.ftruncate(fd, byteSize));
  }

  /**
   * Takes disk space for a range that holds nothing but zeros, so that no later store to it can
   * meet a full disk, and extends the file to the end of the range if it was shorter (fallocate; a
   * file system without it gets zeros written). What was taken before a failure stays taken: the
   * caller cuts the file or drops it. A range that is larger than all that is free, or of a file in
   * memory than memory has left, is refused before anything is taken.
   *
   * <p>btrfs and other copy-on-write file systems accept the call but may need new space at a
   * store.
   *
   * @throws MemoryException if the space is not there, the listener throws, or the thread is
   *     interrupted; its interrupt flag stays set
   */
  public void reserve(long offset, long length, ProgressListener progress) throws MemoryException {
    reserve(
        offset,
        length,
        new LongOperation("fallocate", target, length, progress, LongOperation.NOTHING_CREATED));
  }

  /** Like the other {@code reserve}, on an interrupted thread too, and with no word about it. */
  public void reserve(long offset, long length) throws MemoryException {
    reserve(offset, length, LongOperation.uninterruptible("fallocate", target, length));
  }

  /**
   * Like the other {@code reserve}, for a file that grows: to the end if nobody follows.
   *
   * @param progress {@link ProgressListener#NONE} for nobody
   */
  public void reserveGrowth(long offset, long length, ProgressListener progress)
      throws MemoryException {
    reserve(offset, length, LongOperation.ofGrowth("fallocate", target, length, progress));
  }

  /**
   * Takes disk space for a range that may hold content, which stays. What was taken before a
   * failure stays taken. Minds no interrupt.
   *
   * @throws MemoryException if the space is not there, or the file system has no fallocate
   */
  public void reserveKeepingContent(long offset, long length) throws MemoryException {
    refuseHopeless(length, length - facts().allocatedBytes(), true); // as much of it as it may have
    for (long done = 0; done < length; ) {
      long position = offset + done;
      long chunk = Math.min(RESERVE_CHUNK_BYTES, length - done);
      long result = use(fd -> retry(() -> Libc.fallocate(fd, 0, position, chunk)));
      if (result < 0) {
        throw reservationFailure("fallocate", (int) -result, length, length - done, true);
      }
      done += chunk;
    }
  }

  private void reserve(long offset, long length, LongOperation operation) throws MemoryException {
    // What it may have of the range.
    boolean stays = !operation.outcome().equals(LongOperation.NOTHING_CREATED);
    refuseHopeless(length, length - Math.max(0, facts().allocatedBytes() - offset), stays);
    for (long done = 0; done < length; ) {
      operation.checkNotInterrupted(done);
      long position = offset + done;
      long chunk = Math.min(RESERVE_CHUNK_BYTES, length - done);
      long result = use(fd -> retry(() -> Libc.fallocate(fd, 0, position, chunk)));
      if (result == -Errno.EOPNOTSUPP && done == 0) { // ext2, ext3, NFS before 4.2
        writeZeros(offset, length, operation, stays);
        return;
      }
      if (result < 0) {
        throw reservationFailure("fallocate", (int) -result, length, length - done, stays);
      }
      done += chunk;
      operation.report(done);
    }
  }

  /** Takes space in the way of a file system that has no other. */
  private void writeZeros(long offset, long length, LongOperation operation, boolean stays)
      throws MemoryException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment zeros = arena.allocate(Math.min(length, ZEROS_BYTES), 8);
      for (long done = 0; done < length; ) {
        operation.checkNotInterrupted(done);
        long position = offset + done;
        MemorySegment piece = zeros.asSlice(0, Math.min(zeros.byteSize(), length - done));
        long result = use(fd -> retry(() -> Libc.pwrite(fd, piece, position)));
        if (result < 0) {
          throw reservationFailure("pwrite", (int) -result, length, length - done, stays);
        }
        done += result;
        operation.report(done);
      }
    }
  }

  /** Spares a disk that cannot hold the range from being filled to the brim first. */
  private void refuseHopeless(long length, long missing, boolean stays) throws MemoryException {
    FileSystem fileSystem = fileSystem();
    if (fileSystem.totalBytes() > 0 && missing > fileSystem.availableBytes()) {
      throw reservationFailure("fallocate", Errno.ENOSPC, length, length, stays);
    }
    if (fileSystem.type().equals(FileSystem.IN_MEMORY) && missing > 0) { // its space is memory
      MEMORY.requireMemory("fallocate", missing, target);
    }
  }

  /** A file that {@code stays} cannot be made elsewhere. */
  private MemoryException reservationFailure(
      String operation, int errno, long length, long missing, boolean stays)
      throws MemoryException {
    if (errno != Errno.ENOSPC) {
      return Errno.exception(operation, length, target, errno);
    }
    long free = Math.max(0, missing - fileSystem().availableBytes());
    String size =
        free > 0
            ? String.format(Locale.ROOT, "%.1f MiB", Math.ceil(free / 104857.6) / 10)
            : "space";
    return Errno.exception(
        operation,
        length,
        target,
        errno,
        "free " + size + (stays ? " there" : " or choose another directory"));
  }

  /**
   * Empties a range whose disk space stays reserved, in one step: it is never given up, not even
   * after a crash. ext4 alone does it like that; XFS has the call too, but punches and reserves.
   *
   * @return false, and nothing is done, if this file system cannot
   */
  public boolean zeroInPlace(long offset, long length) throws MemoryException {
    if (!fileSystem().type().equals("ext4")) {
      return false;
    }
    int mode = Abi.FALLOC_FL_ZERO_RANGE | Abi.FALLOC_FL_KEEP_SIZE;
    long result = use(fd -> retry(() -> Libc.fallocate(fd, mode, offset, length)));
    if (result == -Errno.EOPNOTSUPP) { // a file without extents, on an ext4 that was an ext3
      return false;
    }
    Libc.check("fallocate ZERO_RANGE", length, target, result);
    return true;
  }

  /** Gives the disk space of a range back; its bytes are zero from then on (hole punching). */
  public void punchHole(long offset, long length) throws MemoryException {
    int mode = Abi.FALLOC_FL_PUNCH_HOLE | Abi.FALLOC_FL_KEEP_SIZE;
    call("fallocate PUNCH_HOLE", length, fd -> Libc.fallocate(fd, mode, offset, length));
  }

  /** Writes changed data, and the metadata needed to find it, to the device (fdatasync). */
  public void syncData() throws MemoryException {
    call("fdatasync", -1, Libc::fdatasync);
  }

  /** Writes changed data and all metadata to the device (fsync). */
  public void sync() throws MemoryException {
    call("fsync", -1, Libc::fsync);
  }

  /**
   * Writes to the file (pwrite) in pieces, so that the page cache holds it in folios no larger than
   * a piece, where it holds nothing yet: a later store to one page makes all of its folio one that
   * must be written.
   *
   * @param content native memory
   * @param pieceBytes a power of two, of which {@code position} is a multiple
   * @throws MemoryException if there is no space, or the content cannot be read; a part may have
   *     been written
   */
  public void write(long position, MemorySegment content, long pieceBytes) throws MemoryException {
    long length = content.byteSize();
    for (long done = 0; done < length; ) {
      long at = position + done;
      long end = Math.min(length, done + pieceBytes - at % pieceBytes);
      MemorySegment piece = content.asSlice(done, end - done);
      done += call("pwrite", length, fd -> Libc.pwrite(fd, piece, at));
    }
  }

  /**
   * Overwrites with zeros what does not read as zeros of a range, and waits until the device has
   * that. Holes, and space that was only reserved, stay as they are.
   */
  public void wipe(long offset, long length) throws MemoryException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(Math.min(ZEROS_BYTES, Math.max(1, length)));
      MemorySegment zeros = arena.allocate(chunk.byteSize());
      for (long done = 0; done < length; done += chunk.byteSize()) {
        long count = Math.min(chunk.byteSize(), length - done);
        MemorySegment content = chunk.asSlice(0, count);
        readFully(offset + done, content);
        wipe(offset + done, content, zeros);
      }
    }
    syncData();
  }

  /** Overwrites the pages that are not zero, each run of them by one write. */
  private void wipe(long position, MemorySegment content, MemorySegment zeros)
      throws MemoryException {
    long length = content.byteSize();
    long page = Platform.pageSize();
    long run = 0; // where it begins
    for (long at = 0; at < length; at += page) {
      long end = Math.min(length, at + page);
      if (content.asSlice(at, end - at).mismatch(zeros.asSlice(0, end - at)) < 0) {
        if (run < at) {
          write(position + run, zeros.asSlice(0, at - run), ZEROS_BYTES);
        }
        run = end;
      }
    }
    if (run < length) {
      write(position + run, zeros.asSlice(0, length - run), ZEROS_BYTES);
    }
  }

  /**
   * Opens the same file again for direct reads, which come from the device. Closing that drops
   * record locks like closing any descriptor of the file.
   *
   * @throws MemoryException if the file system has no direct reads, or {@code /proc} is missing
   */
  public OpenFile openDirect() throws MemoryException {
    return use(
        own ->
            opened(
                "open O_DIRECT",
                target,
                Libc.open("/proc/self/fd/" + own, Abi.O_RDONLY | Abi.O_DIRECT | Abi.O_CLOEXEC, 0),
                AccessMode.READ_ONLY));
  }

  /** Fills the buffer from a position; with zeros where the file ends first. */
  void readFully(long position, MemorySegment into) throws MemoryException {
    long length = into.byteSize();
    for (long done = 0; done < length; ) {
      MemorySegment rest = into.asSlice(done);
      long at = position + done;
      long count = call("pread", length, fd -> Libc.pread(fd, rest, at));
      if (count == 0) {
        rest.fill((byte) 0);
        return;
      }
      done += count;
    }
  }

  /**
   * Throws if pages of the file could not be written since the last such call, or the last sync, or
   * msync of a mapping of this descriptor; the kernel tells each of them once. Writes nothing
   * itself (sync_file_range, of the first page).
   */
  public void checkWriteBack() throws MemoryException {
    int flags = Abi.SYNC_FILE_RANGE_WAIT_BEFORE;
    call("write-back", -1, fd -> Libc.syncFileRange(fd, 0, 1, flags));
  }

  /**
   * Drops clean cached pages that no process has mapped, so that the next read comes from the
   * device (posix_fadvise DONTNEED). Changed and mapped pages stay.
   */
  public void dropCachedPages(long offset, long length) throws MemoryException {
    call(
        "posix_fadvise DONTNEED",
        length,
        fd -> Libc.posixFadvise(fd, offset, length, Abi.POSIX_FADV_DONTNEED));
  }

  /** Closes the descriptor; closing again does nothing. */
  @Override
  public void close() {
    closing.writeLock().lock();
    try {
      if (open) {
        open = false;
        // Linux frees the descriptor whatever close(2) returns; a write-back error belongs to sync.
        Libc.close(fd);
      }
    } finally {
      closing.writeLock().unlock();
    }
  }

  @Override
  public String toString() {
    return target;
  }

  /** Runs a call on the descriptor, which stays open until it returns. */
  <T, E extends Exception> T use(DescriptorCall<T, E> call) throws E {
    closing.readLock().lock();
    try {
      if (!open) {
        throw new IllegalStateException("file " + target + " is closed");
      }
      return call.on(fd);
    } finally {
      closing.readLock().unlock();
    }
  }

  /** Like {@link #use}, but {@code whenClosed} if the file is closed. */
  <T, E extends Exception> T useIfOpen(T whenClosed, DescriptorCall<T, E> call) throws E {
    closing.readLock().lock();
    try {
      return open ? call.on(fd) : whenClosed;
    } finally {
      closing.readLock().unlock();
    }
  }

  /** Makes a system call on the descriptor, again when a signal interrupts it. */
  long call(String operation, long byteSize, IntToLongFunction call) throws MemoryException {
    return use(fd -> Libc.check(operation, byteSize, target, retry(() -> call.applyAsLong(fd))));
  }

  /** Makes a call again when a signal has interrupted it. */
  static long retry(LongSupplier call) {
    long result;
    do {
      result = call.getAsLong();
    } while (result == -Errno.EINTR);
    return result;
  }

  /** A call that needs the descriptor. */
  @FunctionalInterface
  interface DescriptorCall<T, E extends Exception> {
    T on(int fd) throws E;
  }
}
