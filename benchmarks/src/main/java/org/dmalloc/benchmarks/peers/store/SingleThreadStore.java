/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.Pages;

/** A library's store: numbered pages in a file, used by the thread that opened it. */
abstract class SingleThreadStore implements PageStore, Pages {
  private final long pageCount;

  SingleThreadStore(StorePlace place) {
    pageCount = place.pageCount();
  }

  @Override
  public final long pageCount() {
    return pageCount;
  }

  @Override
  public final Pages pages() {
    return this;
  }

  @Override
  public final boolean confined() {
    return true;
  }

  /** Makes all stores durable, by the library's own call. */
  abstract void sync() throws IOException;

  @Override
  public final long force() throws IOException {
    long begin = System.nanoTime();
    sync();
    return System.nanoTime() - begin;
  }
}
