/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import com.carrotsearch.randomizedtesting.annotations.ThreadLeakScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.lucene.store.Directory;
import org.apache.lucene.tests.store.BaseChunkedDirectoryTestCase;
import org.apache.lucene.tests.util.LuceneTestCase.SuppressFileSystems;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.examples.lucene.RegionDirectory.Reads;
import org.junit.AfterClass;
import org.junit.BeforeClass;

/**
 * Lucene's own contract of a directory, in regions: {@code BaseDirectoryTestCase}, and what is
 * added for directories that clone and slice what they map.
 *
 * <p>A provider's threads are its own, and end with it, after the suite's last look at threads.
 */
@SuppressFileSystems("*") // regions are files of the real file system
@ThreadLeakScope(ThreadLeakScope.Scope.NONE)
public abstract class RegionDirectoryTestCase extends BaseChunkedDirectoryTestCase {
  private static Dmalloc dmalloc;

  @BeforeClass
  public static void openProviders() {
    dmalloc = Dmalloc.open(Map.of("directory", createTempDir("regions").toString()));
  }

  @AfterClass
  public static void closeProviders() {
    dmalloc.close();
    dmalloc = null;
  }

  static MemoryProvider provider(String name) {
    return dmalloc.provider(name);
  }

  @Override
  protected final Directory getDirectory(Path path, int maxChunkSize) throws IOException {
    return directory(path, random().nextBoolean() ? Reads.SECTIONS : Reads.SEGMENTS);
  }

  abstract Directory directory(Path path, Reads reads) throws IOException;
}
