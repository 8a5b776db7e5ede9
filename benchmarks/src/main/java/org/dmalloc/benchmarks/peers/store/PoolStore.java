/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.compare.child.BufferPool;
import org.dmalloc.measure.compare.child.PagedMemory;

/**
 * What a database does in place of mmap: frames over reads and writes of a file past the page
 * cache, with Caffeine to decide what stays. Its file has no name, so that it is opened once and
 * forgets in place.
 */
final class PoolStore implements PageStore {
  private final BufferPool pool;
  private final PagedMemory.Cursor cursor;

  PoolStore(StorePlace place) throws IOException {
    pool = new BufferPool(place.directory(), place.byteSize(), place.cacheBytes());
    cursor = pool.cursor();
  }

  @Override
  public void fill(long page, PageContent content) throws IOException {
    long at = cursor.enter(page, PagedMemory.Use.REPLACE);
    try {
      content.fillAt(cursor.segment(), at, page);
    } finally {
      cursor.leave();
    }
  }

  @Override
  public void fillRest(long firstPage, long pageCount, PageContent content) throws IOException {
    pool.beginBulkLoad();
    pool.bulkLoad(firstPage, content);
  }

  @Override
  public void checkStamp(long page, PageContent content) throws IOException {
    long at = cursor.enter(page, PagedMemory.Use.LOAD);
    try {
      content.checkStampAt(cursor.segment(), at, page);
    } finally {
      cursor.leave();
    }
  }

  @Override
  public void checkAll(long page, PageContent content) throws IOException {
    long at = cursor.enter(page, PagedMemory.Use.LOAD);
    try {
      content.checkAllAt(cursor.segment(), at, page);
    } finally {
      cursor.leave();
    }
  }

  @Override
  public void setMark(long page, PageContent content) throws IOException {
    long at = cursor.enter(page, PagedMemory.Use.STORE);
    try {
      content.setMarkAt(cursor.segment(), at, page);
    } finally {
      cursor.leave();
    }
  }

  @Override
  public void checkMark(long page, PageContent content) throws IOException {
    long at = cursor.enter(page, PagedMemory.Use.LOAD);
    try {
      content.checkMark(
          page,
          cursor.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, at + PageContent.MARK_OFFSET));
    } finally {
      cursor.leave();
    }
  }

  @Override
  public void force() throws IOException {
    pool.force();
  }

  @Override
  public boolean forget() throws IOException {
    // Writes what has changed and drops every frame.
    pool.beginBulkLoad();
    return true;
  }

  @Override
  public String note() {
    return pool.note();
  }

  @Override
  public void close() throws IOException {
    pool.close();
  }
}
