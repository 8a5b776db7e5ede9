/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.nio.file.Path;
import org.dmalloc.measure.BlockSource;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workloads;
import org.jspecify.annotations.Nullable;

/** What a child JVM measures. One thread uses it. */
public interface Subject {
  /**
   * Opens its store: a new one in an empty directory, else the one that is there.
   *
   * @param step what it is opened for, for stores with a setting for it
   */
  PageStore open(Path directory, long byteSize, String step) throws IOException;

  /** Brings the files of a closed store out of RAM. */
  default void dropCaches(Path directory) throws IOException {
    throw new UnsupportedOperationException("this store cannot be brought out of RAM");
  }

  default Workload workload(String name) {
    return Workloads.named(name);
  }

  /**
   * Whether a workload has blocks in place of the store, which is closed for it. Nothing can use
   * the store afterwards.
   */
  default boolean takesStoresPlace(Workload workload) {
    return false;
  }

  /** Gives back what such workloads left. */
  default void closeBlocks() throws IOException {}

  /** Where the workload that allocates takes its blocks from; null if there are none. */
  default @Nullable BlockSource blocks() {
    return null;
  }
}
