/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import com.carrotsearch.randomizedtesting.annotations.ThreadLeakScope;
import java.nio.file.Path;
import java.util.Map;
import org.apache.lucene.store.Directory;
import org.apache.lucene.tests.store.BaseLockFactoryTestCase;
import org.apache.lucene.tests.util.LuceneTestCase.SuppressFileSystems;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.examples.lucene.RegionDirectory.Reads;
import org.junit.AfterClass;
import org.junit.BeforeClass;

/** Lucene's own contract of locks. */
@SuppressFileSystems("*") // regions are files of the real file system
@ThreadLeakScope(ThreadLeakScope.Scope.NONE)
public class RegionLockFactoryTest extends BaseLockFactoryTestCase {
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

  @Override
  protected Directory getDirectory(Path path) {
    return RegionDirectory.ofStore(dmalloc.provider("panama"), path, Reads.SECTIONS);
  }
}
