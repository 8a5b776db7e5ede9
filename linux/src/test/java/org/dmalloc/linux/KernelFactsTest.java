/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.PAGE;
import static org.dmalloc.linux.LinuxTests.assertErrno;
import static org.dmalloc.linux.LinuxTests.assume;
import static org.dmalloc.linux.LinuxTests.prefault;
import static org.dmalloc.linux.LinuxTests.reservedFile;
import static org.dmalloc.linux.LinuxTests.shared;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.LockHolders;
import org.dmalloc.spi.machine.VirtualAreas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The habits of the kernel that this suite relies on, so that a new kernel tells us first. */
class KernelFactsTest {
  @TempDir Path directory;

  @Test
  void fallocateTakesTheSpaceAtOnce() throws IOException {
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      file.reserve(0, 8 * MIB, ProgressListener.NONE);
      assertEquals(8 * MIB, file.facts().byteSize());
      assertTrue(file.facts().allocatedBytes() >= 8 * MIB, file.facts().toString());
    }
  }

  @Test
  void fallocatedBytesAreZeroAndFallocateKeepsContent() throws IOException {
    try (OpenFile file = reservedFile(directory, PAGE);
        Mapping mapping = shared(file, PAGE)) {
      assertEquals(0, mapping.segment().get(JAVA_LONG, 0));
      mapping.segment().set(JAVA_LONG, 0, 42);
      file.reserve(0, 4 * PAGE, ProgressListener.NONE);
      assertEquals(42, mapping.segment().get(JAVA_LONG, 0));
    }
  }

  @Test
  void fallocateOnMemfdTakesMemory() throws IOException {
    try (OpenFile file = OpenFile.inMemory("facts")) {
      file.reserve(0, 4 * MIB, ProgressListener.NONE);
      assertEquals(4 * MIB, file.facts().allocatedBytes());
      assertEquals("tmpfs", file.fileSystem().type());
    }
  }

  @Test
  void fallocateBehindTheLargestFileSizeIsEfbig() throws IOException {
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      assertErrno(
          Errno.EFBIG, () -> file.reserve(Long.MAX_VALUE - PAGE, PAGE, ProgressListener.NONE));
    }
  }

  @Test
  void anUnnamedFileLeavesNothingBehind() throws IOException {
    try (OpenFile file = reservedFile(directory, MIB)) {
      assertEquals(0, file.facts().linkCount());
      try (Stream<Path> entries = Files.list(directory)) {
        assertEquals(0, entries.count());
      }
    }
  }

  @Test
  void msyncOfAFileThatIsOpenForReadingWritesNothing() throws IOException {
    Path path = Files.createFile(directory.resolve("r"));
    try (OpenFile writer = OpenFile.open(path, AccessMode.READ_WRITE)) {
      writer.reserve(0, 4 * MIB, ProgressListener.NONE);
      try (Mapping mapping = shared(writer, 4 * MIB)) {
        mapping.segment().fill((byte) 1);
      }
    }
    try (OpenFile reader = OpenFile.open(path, AccessMode.READ_ONLY);
        Mapping mapping =
            Mapping.ofFile(reader, 0, 4 * MIB, MappingKind.READ_ONLY, PageSize.DEFAULT)) {
      assumeTrue(mapping.residency(0, 4 * MIB).dirtyBytes() > 0, "the kernel was quick");
      mapping.force(0, 4 * MIB);
      assertTrue(mapping.residency(0, 4 * MIB).dirtyBytes() > 0);
      reader.syncData();
      assertEquals(0, mapping.residency(0, 4 * MIB).dirtyBytes());
    }
  }

  @Test
  void populateWriteBehindTheEndIsEfaultNotASignal() throws IOException {
    try (OpenFile file = reservedFile(directory, PAGE);
        Mapping mapping = shared(file, 16 * PAGE)) {
      assertErrno(Errno.EFAULT, () -> mapping.advise(Advice.POPULATE_WRITE, 0, mapping.byteSize()));
      assertErrno(Errno.EFAULT, () -> mapping.advise(Advice.POPULATE_READ, 0, mapping.byteSize()));
    }
  }

  @Test
  void aLoadBehindTheEndIsAnInternalErrorInPlainAccess() throws IOException {
    try (OpenFile file = reservedFile(directory, 2 * PAGE);
        Mapping mapping = shared(file, 2 * PAGE)) {
      mapping.segment().set(JAVA_BYTE, PAGE, (byte) 1);
      file.setByteSize(PAGE);
      assertThrows(InternalError.class, () -> mapping.segment().get(JAVA_BYTE, PAGE));
      assertEquals(0, mapping.segment().get(JAVA_BYTE, 0));
    }
  }

  @Test
  void dontNeedKeepsTheContentOfASharedFile() throws IOException {
    try (OpenFile file = reservedFile(directory, MIB);
        Mapping mapping = shared(file, MIB)) {
      mapping.segment().fill((byte) 7);
      mapping.advise(Advice.DONT_NEED, 0, mapping.byteSize());
      assertEquals(0, mapping.residency(0, MIB).mappedBytes());
      assertEquals(-1, mapping.segment().mismatch(bytes(MIB, 7)));
    }
  }

  @Test
  void dontNeedKeepsTheContentOfMemfdAndDevZero() throws IOException {
    try (OpenFile memfd = OpenFile.inMemory("facts");
        OpenFile zero = OpenFile.open(Path.of("/dev/zero"), AccessMode.READ_WRITE)) {
      memfd.reserve(0, MIB, ProgressListener.NONE);
      try (Mapping a = shared(memfd, MIB);
          Mapping b = shared(zero, MIB)) {
        for (Mapping mapping : new Mapping[] {a, b}) {
          mapping.segment().fill((byte) 7);
          mapping.advise(Advice.DONT_NEED, 0, mapping.byteSize());
          assertEquals(-1, mapping.segment().mismatch(bytes(MIB, 7)));
        }
      }
    }
  }

  @Test
  void pageOutAndColdKeepPrivateContent() throws IOException {
    try (Mapping mapping = Mapping.anonymous("facts", MIB, PageSize.DEFAULT)) {
      mapping.segment().fill((byte) 7);
      mapping.advise(Advice.COLD, 0, mapping.byteSize());
      mapping.advise(Advice.PAGE_OUT, 0, mapping.byteSize());
      assertEquals(-1, mapping.segment().mismatch(bytes(MIB, 7)));
    }
  }

  @Test
  void sealedMemfdCanBeNeitherCutNorExtended() throws IOException {
    try (OpenFile file = OpenFile.inMemory("facts")) {
      file.reserve(0, MIB, ProgressListener.NONE);
      Seal.add(file, Seal.SHRINK, Seal.GROW, Seal.SEAL);
      assertErrno(Errno.EPERM, () -> file.setByteSize(PAGE));
      assertErrno(Errno.EPERM, () -> file.setByteSize(2 * MIB));
      assertErrno(Errno.EPERM, () -> Seal.add(file, Seal.GROW));
      try (Mapping mapping = shared(file, MIB)) {
        mapping.segment().fill((byte) 7);
      }
    }
  }

  @Test
  void whoCannotSealCannotKeepOthersFromWriting() throws IOException {
    try (OpenFile file = OpenFile.inMemory("facts")) {
      file.setByteSize(MIB);
      Seal.add(file, Seal.SHRINK, Seal.SEAL);
      assertEquals(EnumSet.of(Seal.SHRINK, Seal.SEAL), Seal.of(file));
      assertErrno(Errno.EPERM, () -> Seal.add(file, Seal.GROW));
      assertErrno(Errno.EPERM, () -> file.setByteSize(MIB - 1));
      file.setByteSize(2 * MIB);
    }
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      assertFalse(Seal.of(file).contains(Seal.SHRINK));
    }
  }

  /** Of a memfd as of a file; but by a descriptor that only locates it, nothing is lost. */
  @Test
  void closingADescriptorDropsTheLocksOfTheProcessUnlessItOnlyLocates() throws IOException {
    int pid = (int) ProcessHandle.current().pid();
    try (OpenFile file = OpenFile.inMemory("facts");
        FileChannel channel =
            FileChannel.open(file.ownPath(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      FileLock lock = channel.tryLock(1L << 62, 1, false);
      assertTrue(lock.isValid());
      LocatedFile located = LocatedFile.of(pid, file.descriptor(), "facts");
      assertEquals(file.facts(), located.facts());
      assertEquals("/memfd:facts (deleted)", located.kernelName());
      located.close();
      assertEquals(List.of((long) pid), LockHolders.pids(file.ownPath()));
      try (LocatedFile again = LocatedFile.of(pid, file.descriptor(), "facts")) {
        again.open(AccessMode.READ_ONLY).close();
      }
      assertEquals(List.of(), LockHolders.pids(file.ownPath()));
    }
  }

  @Test
  void locatingWaitsForNoPipeAndOpensNoDevice() throws Exception {
    Process cat = new ProcessBuilder("cat").start();
    try (LocatedFile pipe = LocatedFile.of((int) cat.pid(), 0, "pipe")) {
      assertTrue(pipe.kernelName().startsWith("pipe:["), pipe.kernelName());
      assertFalse(pipe.facts().regular());
    } finally {
      cat.destroyForcibly().waitFor();
    }
    assertErrno(Errno.ENOENT, () -> LocatedFile.of((int) cat.pid(), 0, "pipe"));
  }

  @Test
  void sealsDoNotStopHolePunching() throws IOException {
    try (OpenFile file = OpenFile.inMemory("facts")) {
      file.reserve(0, MIB, ProgressListener.NONE);
      Seal.add(file, Seal.SHRINK, Seal.GROW, Seal.SEAL);
      try (Mapping mapping = shared(file, MIB)) {
        mapping.segment().fill((byte) 7);
        file.punchHole(0, PAGE);
        assertEquals(0, mapping.segment().get(JAVA_BYTE, 0));
        assertEquals(7, mapping.segment().get(JAVA_BYTE, PAGE));
      }
    }
  }

  @Test
  void oneWillNeedReadsNoMoreThanTheReadAhead() throws IOException {
    long size = 64 * MIB;
    try (OpenFile file = reservedFile(directory, size);
        Mapping mapping = shared(file, size)) {
      mapping.segment().fill((byte) 7);
      evict(file, mapping);
      mapping.advise(Advice.RANDOM, 0, size);
      assertEquals(0, Libc.madvise(mapping.segment(), size, Madvise.WILLNEED.number));
      assertTrue(mapping.residency(0, size).residentBytes() < size, "all of it");
      mapping.advise(Advice.WILL_NEED, 0, size); // in pieces
      assertEquals(size, mapping.residency(0, size).residentBytes());
      mapping.advise(Advice.POPULATE_READ, 0, size); // waits for the reads: such pages would stay
      evict(file, mapping);
      mapping.prefetch(new long[] {PAGE, 32 * MIB + 1}, 20 * MIB);
      assertEquals(40 * MIB + PAGE, mapping.residency(0, size).residentBytes());
    }
  }

  @Test
  void processMadviseOnOneselfTakesBatches() throws IOException {
    assume(
        Mapping.prefetchCall().equals(Prefetch.BATCH),
        "this kernel has no process_madvise for this user");
    try (OpenFile file = reservedFile(directory, 32 * MIB);
        Mapping mapping = shared(file, 32 * MIB)) {
      mapping.segment().fill((byte) 7);
      evict(file, mapping);
      long[] offsets = new long[1500]; // two calls
      for (int i = 0; i < offsets.length; i++) {
        offsets[i] = 4L * i * PAGE;
      }
      mapping.advise(Advice.RANDOM, 0, mapping.byteSize());
      mapping.prefetch(offsets, 8);
      assertEquals(Prefetch.BATCH, Mapping.prefetchCall());
      long cached = mapping.residency(0, 32 * MIB).residentBytes();
      assertTrue(cached >= 1500 * PAGE && cached < 16 * MIB, "resident " + cached);
    }
  }

  @Test
  void cachestatCountsCachedAndDirtyPages() throws IOException {
    assumeCachestat();
    assumeDisk();
    try (OpenFile file = reservedFile(directory, 4 * MIB);
        Mapping mapping = shared(file, 4 * MIB)) {
      mapping.segment().asSlice(0, MIB).fill((byte) 7);
      var residency = mapping.residency(0, 4 * MIB);
      assertEquals(ResidencyProbe.CACHESTAT, residency.source());
      assertTrue(residency.residentBytes() >= MIB, residency.toString());
      assertTrue(residency.dirtyBytes() >= MIB, residency.toString());
      mapping.force(0, 4 * MIB);
      assertEquals(0, mapping.residency(0, 4 * MIB).dirtyBytes());
    }
  }

  @Test
  void cachestatAndMincoreAgree() throws IOException {
    assumeCachestat();
    try (OpenFile file = reservedFile(directory, 4 * MIB);
        Mapping mapping = shared(file, 4 * MIB)) {
      mapping.advise(Advice.RANDOM, 0, 4 * MIB);
      mapping.segment().asSlice(MIB, MIB).fill((byte) 7);
      assertEquals(
          mapping.residency(0, 4 * MIB).residentBytes(),
          ResidencyProbe.mincore(mapping.segment(), "facts"));
    }
  }

  @Test
  void pageOutAndFadviseEmptyThePageCache() throws IOException {
    assumeDisk();
    try (OpenFile file = reservedFile(directory, 4 * MIB);
        Mapping mapping = shared(file, 4 * MIB)) {
      mapping.segment().fill((byte) 7);
      evict(file, mapping);
      assertEquals(0, mapping.residency(0, 4 * MIB).residentBytes());
      assertEquals(7, mapping.segment().get(JAVA_BYTE, 3 * MIB));
    }
  }

  @Test
  void pagemapScanTellsPrivateFromZeroFromFilePages() throws IOException {
    assumePagemapScan();
    try (Mapping mapping = Mapping.anonymous("facts", MIB, PageSize.DEFAULT)) {
      mapping.advise(Advice.NO_HUGE_PAGE, 0, mapping.byteSize());
      mapping.segment().asSlice(0, 4 * PAGE).fill((byte) 7);
      assertEquals(0, mapping.segment().get(JAVA_BYTE, 8 * PAGE));
      var residency = mapping.residency(0, MIB);
      assertEquals(5 * PAGE, residency.mappedBytes());
      assertEquals(4 * PAGE, residency.residentBytes());
      assertEquals(Pagemap.SCAN, residency.source());
    }
  }

  @Test
  void privateCopiesOfAFileAreThePagesThatAreNotFile() throws IOException {
    try (OpenFile file = reservedFile(directory, MIB);
        Mapping origin = shared(file, MIB);
        Mapping copy = Mapping.ofFile(file, 0, MIB, MappingKind.PRIVATE, PageSize.DEFAULT)) {
      origin.segment().fill((byte) 7);
      for (long offset = 0; offset < MIB; offset += PAGE) {
        assertEquals(7, copy.segment().get(JAVA_BYTE, offset));
      }
      copy.segment().set(JAVA_BYTE, 5 * PAGE, (byte) 8);
      copy.segment().set(JAVA_BYTE, 9 * PAGE, (byte) 8);
      assertEquals(2 * PAGE, copy.residency(0, MIB).dirtyBytes());
      assertEquals(7, origin.segment().get(JAVA_BYTE, 5 * PAGE));
    }
  }

  @Test
  void pagemapAndItsScanAgree() throws IOException {
    assumePagemapScan();
    try (OpenFile file = reservedFile(directory, MIB);
        Mapping mapping = Mapping.ofFile(file, 0, MIB, MappingKind.PRIVATE, PageSize.DEFAULT)) {
      mapping.segment().asSlice(3 * PAGE, 20 * PAGE).fill((byte) 1);
      long start = mapping.segment().address();
      var scanned = PageTable.scan(start, start + MIB);
      var read = PageTable.read(start, start + MIB);
      assertEquals(20 * PAGE, read.copied());
      assertEquals(scanned.copied(), read.copied());
      assertEquals(scanned.mapped(), read.mapped());
      assertEquals(scanned.swapped(), read.swapped());
    }
  }

  @Test
  void transparentHugePagesComeInAlignedMemory() throws IOException {
    assumeHugePages();
    long huge = Platform.hugePageSize();
    try (Mapping mapping = Mapping.anonymous("facts", 2 * huge, PageSize.HUGE)) {
      assertEquals(0, mapping.segment().address() % huge);
      prefault(mapping);
      long hugeBytes = mapping.residency(0, 2 * huge).hugeBytes();
      assume(hugeBytes > 0, "no huge page was free");
      long start = mapping.segment().address();
      assertEquals(hugeBytes, VirtualAreas.totals(start, start + 2 * huge).hugeBytes());
    }
  }

  @Test
  void collapseMakesHugePages() throws IOException {
    assumeHugePages();
    long huge = Platform.hugePageSize();
    try (Mapping mapping = Mapping.anonymous("facts", huge, PageSize.HUGE)) {
      mapping.advise(Advice.NO_HUGE_PAGE, 0, mapping.byteSize());
      prefault(mapping);
      assertEquals(0, mapping.residency(0, huge).hugeBytes());
      mapping.advise(Advice.HUGE_PAGE, 0, mapping.byteSize());
      mapping.advise(Advice.COLLAPSE, 0, mapping.byteSize());
      assertEquals(huge, mapping.residency(0, huge).hugeBytes());
    }
  }

  @Test
  void mremapMovesContentAndGrowsWithZeros() throws IOException {
    try (Mapping mapping = Mapping.anonymous("facts", MIB, PageSize.DEFAULT)) {
      mapping.segment().fill((byte) 7);
      mapping.resize(64 * MIB);
      assertEquals(-1, mapping.segment().asSlice(0, MIB).mismatch(bytes(MIB, 7)));
      assertEquals(0, mapping.segment().get(JAVA_BYTE, 64 * MIB - 1));
    }
  }

  @Test
  void mremapGrowsASharedFileMapping() throws IOException {
    try (OpenFile file = reservedFile(directory, MIB);
        Mapping mapping = shared(file, MIB)) {
      mapping.segment().fill((byte) 7);
      file.reserve(0, 8 * MIB, ProgressListener.NONE);
      mapping.resize(8 * MIB);
      assertEquals(7, mapping.segment().get(JAVA_BYTE, MIB - 1));
      mapping.segment().set(JAVA_BYTE, 8 * MIB - 1, (byte) 9);
      try (Mapping other = shared(file, 8 * MIB)) {
        assertEquals(9, other.segment().get(JAVA_BYTE, 8 * MIB - 1));
      }
    }
  }

  @Test
  void mapSyncIsRefusedWithoutDax() throws IOException {
    try (OpenFile file = OpenFile.inMemory("facts")) {
      file.reserve(0, MIB, ProgressListener.NONE);
      assertErrno(
          Errno.EOPNOTSUPP,
          () -> Mapping.ofFile(file, 0, MIB, MappingKind.SHARED_SYNC, PageSize.DEFAULT));
    }
  }

  @Test
  void mlockOnFaultLocksWhatIsTouched() throws IOException {
    assume(Platform.lockLimitBytes() >= MIB, "RLIMIT_MEMLOCK is under 1 MiB");
    try (Mapping mapping = Mapping.anonymous("facts", MIB, PageSize.DEFAULT)) {
      mapping.advise(Advice.NO_HUGE_PAGE, 0, mapping.byteSize());
      mapping.lock();
      assertEquals(0, mapping.residency(0, MIB).lockedBytes());
      mapping.segment().asSlice(0, 3 * PAGE).fill((byte) 7);
      assertEquals(3 * PAGE, mapping.residency(0, MIB).lockedBytes());
      long start = mapping.segment().address();
      assertEquals(3 * PAGE, VirtualAreas.totals(start, start + MIB).lockedBytes());
      mapping.unlock();
      assertEquals(0, VirtualAreas.totals(start, start + MIB).lockedBytes());
    }
  }

  @Test
  void closingAnyDescriptorOfAFileDropsItsRecordLocks() throws Exception {
    Path path = directory.resolve("locked");
    try (FileChannel channel =
            FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertTrue(lock.isValid());
      assertTrue(lockIsListed(path), "a lock should be in /proc/locks");
      OpenFile.open(path, AccessMode.READ_WRITE).close();
      assertFalse(lockIsListed(path), "the kernel now keeps the lock: the note is out of date");
    }
  }

  @Test
  void aSharedPathOpensAnUnnamedFileAgain() throws IOException {
    try (OpenFile file = OpenFile.inMemory("facts")) {
      file.reserve(0, PAGE, ProgressListener.NONE);
      try (Mapping mapping = shared(file, PAGE);
          FileChannel channel =
              FileChannel.open(
                  file.sharedPath(), StandardOpenOption.READ, StandardOpenOption.WRITE);
          Arena arena = Arena.ofConfined()) {
        channel.map(FileChannel.MapMode.READ_WRITE, 0, PAGE, arena).set(JAVA_LONG, 8, 42);
        assertEquals(42, mapping.segment().get(JAVA_LONG, 8));
      }
    }
  }

  private static boolean lockIsListed(Path path) throws IOException {
    Object inode = Files.getAttribute(path, "unix:ino");
    return Files.readAllLines(Path.of("/proc/locks")).stream()
        .anyMatch(line -> line.contains(":" + inode + " ") && line.contains("POSIX"));
  }

  private static void evict(OpenFile file, Mapping mapping) throws IOException {
    mapping.force(0, mapping.byteSize());
    mapping.advise(Advice.PAGE_OUT, 0, mapping.byteSize());
    mapping.advise(Advice.DONT_NEED, 0, mapping.byteSize());
    file.dropCachedPages(0, mapping.byteSize());
  }

  private void assumeDisk() throws IOException {
    String type = FileSystem.of(directory).type();
    assume(!type.equals("tmpfs"), "the temporary directory is in memory: tmpfs");
  }

  private void assumeCachestat() throws IOException {
    try (OpenFile file = reservedFile(directory, PAGE)) {
      assume(
          file.use(fd -> ResidencyProbe.cachestat(fd, 0, PAGE)).isPresent(),
          "this kernel has no cachestat (Linux 6.5)");
    }
  }

  private static void assumePagemapScan() throws IOException {
    try (Mapping mapping = Mapping.anonymous("facts", PAGE, PageSize.DEFAULT)) {
      assume(
          mapping.residency(0, PAGE).source().equals(Pagemap.SCAN),
          "this kernel has no PAGEMAP_SCAN (Linux 6.7)");
    }
  }

  private static void assumeHugePages() throws IOException {
    Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    assume(
        Files.exists(setting) && !Files.readString(setting).contains("[never]"),
        "transparent huge pages are off");
  }

  private static MemorySegment bytes(long count, int value) {
    return Arena.ofAuto().allocate(count).fill((byte) value);
  }
}
