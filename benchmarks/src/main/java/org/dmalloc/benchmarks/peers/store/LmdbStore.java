/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.measure.PageContent;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.ByteBufferProxy;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.GetOp;
import org.lmdbjava.PutFlags;
import org.lmdbjava.Txn;

/**
 * LMDB, with one record of 4096 bytes for each page, by an integer key. Records are loaded in
 * place. The fill appends. Random use has {@code MDB_NORDAHEAD}, as LMDB's guide says for data
 * larger than memory. {@code MDB_NOSYNC} with one sync at the end permits small transactions.
 *
 * <p>A record of 4096 bytes and its header take two pages of LMDB's file: twice the data.
 */
final class LmdbStore extends SingleThreadStore {
  /** The changed pages of a transaction wait in memory until it ends. */
  private static final int STORES_PER_TRANSACTION = 4096;

  /** Twice the data, and the same again for pages that are copied on write. */
  private static final int MAP_TIMES = 4;

  private static final long LEAST_MAP_BYTES = 64L << 20;

  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> records;
  private final ByteBuffer key =
      ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
  private final ByteBuffer value = ByteBuffer.allocateDirect(PageContent.PAGE_BYTES);
  private final MemorySegment valueSegment = MemorySegment.ofBuffer(value);
  private final List<EnvFlags> flags;
  private @Nullable Txn<ByteBuffer> reading;
  private @Nullable Txn<ByteBuffer> writing;
  private @Nullable Cursor<ByteBuffer> cursor;
  private long cursorPage = -2;
  private int stores;

  LmdbStore(StorePlace place, Use use) {
    super(place);
    flags = new ArrayList<>(List.of(EnvFlags.MDB_NOSYNC));
    if (use == Use.RANDOM) {
      flags.add(EnvFlags.MDB_NORDAHEAD);
    }
    env =
        Env.create(ByteBufferProxy.PROXY_OPTIMAL)
            .setMapSize(Math.max(LEAST_MAP_BYTES, MAP_TIMES * place.byteSize()))
            .setMaxDbs(1)
            .open(place.directory().toFile(), flags.toArray(EnvFlags[]::new));
    records = env.openDbi("pages", DbiFlags.MDB_CREATE, DbiFlags.MDB_INTEGERKEY);
  }

  private ByteBuffer key(long page) {
    return key.putLong(0, page);
  }

  private Txn<ByteBuffer> writing() {
    Txn<ByteBuffer> open = writing;
    if (open == null) {
      endReading();
      open = env.txnWrite();
      writing = open;
    }
    return open;
  }

  /** The transaction for loads: the writing one if there is any, because it sees its stores. */
  private Txn<ByteBuffer> loading() {
    Txn<ByteBuffer> open = writing;
    if (open == null) {
      open = reading;
    }
    if (open == null) {
      open = env.txnRead();
      reading = open;
    }
    return open;
  }

  private void endReading() {
    if (cursor != null) {
      cursor.close();
      cursor = null;
      cursorPage = -2;
    }
    if (reading != null) {
      reading.close();
      reading = null;
    }
  }

  private void commit() {
    Txn<ByteBuffer> open = writing;
    if (open != null) {
      writing = null;
      stores = 0;
      open.commit();
      open.close();
    }
  }

  private void stored() {
    if (++stores == STORES_PER_TRANSACTION) {
      commit();
    }
  }

  private MemorySegment load(long page) {
    ByteBuffer found = records.get(loading(), key(page));
    if (found == null) {
      throw new IllegalStateException("page " + page + " has no record");
    }
    return MemorySegment.ofBuffer(found);
  }

  @Override
  public void fill(long page, PageContent content) {
    content.fillAt(valueSegment, 0, page);
    records.put(writing(), key(page), value.clear(), PutFlags.MDB_APPEND);
    stored();
  }

  @Override
  public long checkStamp(long page, PageContent content) {
    return content.checkStampAt(load(page), 0, page);
  }

  @Override
  public void checkAll(long page, PageContent content) {
    content.checkAllAt(page == cursorPage + 1 ? loadNext(page) : seek(page), 0, page);
  }

  private MemorySegment seek(long page) {
    if (writing != null) {
      return load(page);
    }
    Cursor<ByteBuffer> open = cursor;
    if (open == null) {
      open = records.openCursor(loading());
      cursor = open;
    }
    if (!open.get(key(page), GetOp.MDB_SET_KEY)) {
      throw new IllegalStateException("page " + page + " has no record");
    }
    cursorPage = page;
    return MemorySegment.ofBuffer(open.val());
  }

  private MemorySegment loadNext(long page) {
    Cursor<ByteBuffer> open = cursor;
    if (open == null || !open.next()) {
      return seek(page);
    }
    cursorPage = page;
    return MemorySegment.ofBuffer(open.val());
  }

  @Override
  public void setMark(long page, PageContent content) {
    writing();
    MemorySegment.copy(load(page), 0, valueSegment, 0, PageContent.PAGE_BYTES);
    content.setMarkAt(valueSegment, 0, page);
    records.put(writing(), key(page), value.clear());
    stored();
  }

  @Override
  public void checkMark(long page, PageContent content) {
    content.checkMarkAt(load(page), 0, page);
  }

  @Override
  void sync() {
    commit();
    env.sync(true);
  }

  @Override
  public String note() {
    return "records of 4096 bytes by integer key, " + flags;
  }

  @Override
  public void close() {
    commit();
    endReading();
    env.close();
  }
}
