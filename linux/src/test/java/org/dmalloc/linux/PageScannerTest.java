/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.BitSet;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageScannerTest {
  private static final long PAGE = Platform.pageSize();
  private static final int PAGES = 2000;

  @TempDir Path directory;

  private OpenFile file(long byteSize) throws MemoryException {
    OpenFile file = OpenFile.unnamedIn(directory);
    file.setByteSize(byteSize);
    file.reserve(0, byteSize);
    return file;
  }

  private static Mapping map(OpenFile file, long byteSize) throws MemoryException {
    return Mapping.ofFile(file, 0, byteSize, MappingKind.SHARED, PageSize.DEFAULT);
  }

  @Test
  void bothWaysTellThePagesThatAreMapped() throws Exception {
    try (OpenFile file = file(PAGES * PAGE);
        Mapping mapping = map(file, PAGES * PAGE);
        PageScanner scanner = PageScanner.open()) {
      mapping.advise(Advice.RANDOM, 0, PAGES * PAGE);
      BitSet expected = new BitSet();
      for (int page = 3; page < PAGES; page += page % 7 == 0 ? 1 : 5) {
        mapping.segment().set(JAVA_LONG, page * PAGE, page);
        expected.set(page);
      }
      long[] bits = new long[(PAGES + 63) / 64];
      bits[bits.length - 1] = -1; // must be cleared
      scanner.mapped(mapping, 0, PAGES, bits);
      assertEquals(expected, BitSet.valueOf(bits));
      long[] part = new long[2];
      scanner.mapped(mapping, 1000, 100, part);
      assertEquals(expected.get(1000, 1100), BitSet.valueOf(part));
      scanner.readOnly();
      assertEquals("pagemap", scanner.source());
      long[] read = new long[bits.length];
      scanner.mapped(mapping, 0, PAGES, read);
      assertArrayEquals(bits, read);
      assertThrows(
          IndexOutOfBoundsException.class, () -> scanner.mapped(mapping, PAGES - 1, 2, part));
    }
  }

  @Test
  void majorFaultsAreCounted() throws Exception {
    try (OpenFile file = file(PAGES * PAGE);
        Mapping mapping = map(file, PAGES * PAGE)) {
      mapping.advise(Advice.RANDOM, 0, PAGES * PAGE);
      long before = ProcessFaults.major();
      for (int page = 0; page < 100; page++) {
        mapping.segment().set(JAVA_LONG, 20L * page * PAGE, page);
      }
      assertTrue(ProcessFaults.major() - before >= 100, "each had to be made or read");
    }
  }

  @Test
  void aSplitFolioIsWrittenPageByPage() throws Exception {
    long byteSize = 64L << 20;
    try (OpenFile file = file(byteSize);
        Mapping mapping = map(file, byteSize)) {
      LinuxTests.populate(mapping, AccessMode.READ_WRITE, 0, byteSize, ProgressListener.NONE);
      mapping.segment().fill((byte) 5);
      mapping.force(0, byteSize);
      assumeTrue(dirtyBytes(mapping) == 0, "needs cachestat");
      mapping.segment().set(JAVA_LONG, 50 << 20, 1);
      assumeTrue(dirtyBytes(mapping) > PAGE, "this file system makes no large folios here");
      mapping.force(0, byteSize);
      // A folio that is in use for a moment stays whole: as often as it takes.
      long dirty = Long.MAX_VALUE;
      for (int i = 0; i < 1000 && dirty > PAGE; i++) {
        mapping.splitFolios(0, byteSize);
        mapping.segment().set(JAVA_LONG, 50 << 20, 2);
        dirty = dirtyBytes(mapping);
        mapping.force(0, byteSize);
      }
      assertEquals(PAGE, dirty);
      assertEquals(byteSize, mapping.residency(0, byteSize).residentBytes(), "nothing left RAM");
      assertEquals(
          0x0505050505050505L, mapping.segment().get(JAVA_LONG, (50 << 20) + PAGE), "content");
    }
  }

  private static long dirtyBytes(Mapping mapping) {
    return mapping.cacheCounts(0, mapping.byteSize()).map(CacheCounts::dirty).orElse(-1L);
  }
}
