/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import java.nio.file.Path;
import org.apache.lucene.store.Directory;
import org.dmalloc.examples.lucene.RegionDirectory.Reads;

/** In files that Java maps. */
public class FileChannelDirectoryTest extends RegionDirectoryTestCase {
  @Override
  Directory directory(Path path, Reads reads) {
    return RegionDirectory.ofStore(provider("filechannel"), path, reads);
  }
}
