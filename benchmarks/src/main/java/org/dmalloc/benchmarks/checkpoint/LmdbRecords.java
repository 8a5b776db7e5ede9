/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.ByteBufferProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.PutFlags;
import org.lmdbjava.Txn;

/**
 * LMDB with a record for each page by an integer key. What is stored between two calls of {@link
 * #persist} is one transaction. No flags: its sync is on, and it has no writable map, so that it
 * writes by system calls.
 */
final class LmdbRecords implements Persistence {
  /** The records, and what two transactions that change all of them leave to be used again. */
  private static final long MAP_TIMES = 8;

  private static final long LEAST_MAP_BYTES = 64L << 20;
  private static final int LOADED_IN_ONE = 4096;

  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> records;
  private final ByteBuffer key =
      ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
  private final ByteBuffer value;
  private final MemorySegment valueSegment;
  private @Nullable Txn<ByteBuffer> changing;

  /**
   * Makes the records.
   *
   * @param recordBytes of each, at most a page: LMDB puts 16 bytes before a record that has pages
   *     of its own, so that a whole page takes two of them
   */
  LmdbRecords(Path directory, int pages, int recordBytes) throws IOException {
    value = ByteBuffer.allocateDirect(recordBytes);
    valueSegment = MemorySegment.ofBuffer(value);
    env =
        Env.create(ByteBufferProxy.PROXY_OPTIMAL)
            .setMapSize(Math.max(LEAST_MAP_BYTES, MAP_TIMES * pages * PageBytes.BYTES))
            .setMaxDbs(1)
            .open(Files.createDirectory(directory).toFile());
    records = env.openDbi("pages", DbiFlags.MDB_CREATE, DbiFlags.MDB_INTEGERKEY);
    for (int page = 0; page < pages; page++) {
      PageBytes.fill(valueSegment, 0, recordBytes, page, 0);
      records.put(changing(), key.putLong(0, page), value.clear(), PutFlags.MDB_APPEND);
      if (page % LOADED_IN_ONE == LOADED_IN_ONE - 1) {
        persist();
      }
    }
    persist();
  }

  private Txn<ByteBuffer> changing() {
    Txn<ByteBuffer> open = changing;
    if (open == null) {
      open = env.txnWrite();
      changing = open;
    }
    return open;
  }

  @Override
  public void store(int[] pages, long stamp) {
    Txn<ByteBuffer> transaction = changing();
    for (int page : pages) {
      PageBytes.fill(valueSegment, 0, value.capacity(), page, stamp);
      records.put(transaction, key.putLong(0, page), value.clear());
    }
  }

  @Override
  public void persist() {
    Txn<ByteBuffer> open = changing;
    if (open != null) {
      changing = null;
      try (open) {
        open.commit();
      }
    }
  }

  @Override
  public long load(int page) {
    Txn<ByteBuffer> open = changing;
    if (open != null) {
      return load(open, page);
    }
    try (Txn<ByteBuffer> reading = env.txnRead()) {
      return load(reading, page);
    }
  }

  private long load(Txn<ByteBuffer> transaction, int page) {
    ByteBuffer found = records.get(transaction, key.putLong(0, page));
    if (found == null) {
      throw new IllegalStateException("page " + page + " has no record");
    }
    return found.order(ByteOrder.nativeOrder()).getLong(found.position());
  }

  @Override
  public void close() {
    Txn<ByteBuffer> open = changing;
    if (open != null) {
      open.close();
    }
    env.close();
  }
}
