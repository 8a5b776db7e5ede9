/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.lucene;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.MMapDirectory;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.examples.lucene.RegionDirectory;
import org.dmalloc.examples.lucene.RegionDirectory.Reads;

/** Where an index is. */
enum IndexPlace {
  MMAP("mmap", "Lucene's MMapDirectory") {
    @Override
    Directory open(Dmalloc dmalloc, Path directory) throws IOException {
      return new MMapDirectory(directory);
    }
  },
  PANAMA("panama", "named regions of panama, read by sections") {
    @Override
    Directory open(Dmalloc dmalloc, Path directory) {
      return RegionDirectory.ofStore(dmalloc.provider("panama"), directory, Reads.SECTIONS);
    }
  },
  PANAMA_SEGMENTS("panama:segments", "the same, read by the raw segment") {
    @Override
    Directory open(Dmalloc dmalloc, Path directory) {
      return RegionDirectory.ofStore(dmalloc.provider("panama"), directory, Reads.SEGMENTS);
    }
  },
  FILECHANNEL("filechannel", "named regions of filechannel, read by sections") {
    @Override
    Directory open(Dmalloc dmalloc, Path directory) {
      return RegionDirectory.ofStore(dmalloc.provider("filechannel"), directory, Reads.SECTIONS);
    }
  },
  MANAGED("managed", "named regions that can move, read by sections") {
    @Override
    Directory open(Dmalloc dmalloc, Path directory) {
      return RegionDirectory.ofStore(dmalloc.provider("managed"), directory, Reads.SECTIONS);
    }
  },
  ANON("anon", "unnamed regions of anon, read by sections") {
    @Override
    Directory open(Dmalloc dmalloc, Path directory) {
      return RegionDirectory.ofMemory(dmalloc.provider("anon"), Reads.SECTIONS);
    }
  };

  private final String word;
  private final String description;

  IndexPlace(String word, String description) {
    this.word = word;
    this.description = description;
  }

  /** Its name on the command line and in the table. */
  String word() {
    return word;
  }

  String description() {
    return description;
  }

  abstract Directory open(Dmalloc dmalloc, Path directory) throws IOException;
}
