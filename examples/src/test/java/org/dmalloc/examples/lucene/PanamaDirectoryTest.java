/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import java.nio.file.Path;
import org.apache.lucene.store.Directory;
import org.dmalloc.examples.lucene.RegionDirectory.Reads;

/** In files that are mapped by mmap(2). */
public class PanamaDirectoryTest extends RegionDirectoryTestCase {
  @Override
  Directory directory(Path path, Reads reads) {
    return RegionDirectory.ofStore(provider("panama"), path, reads);
  }
}
