/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;
import java.nio.file.Path;
import org.mapdb.DataInput2;
import org.mapdb.DataOutput2;
import org.mapdb.Serializer;
import org.mapdb.Store;
import org.mapdb.StoreDirect;
import org.mapdb.StoreWAL;
import org.mapdb.volume.MappedFileVol;

/** Records of a store of MapDB, by their numbers. Its stores lock for threads by themselves. */
final class MapDbRecords implements Blocks {
  private static final int RECORDS_A_COMMIT = 1024;

  /** MapDB's own default. */
  private static final int CONCURRENCY_SHIFT = 3;

  private final Store store;
  private final int commitEvery;
  private final long[] records;
  private final Prefix prefix = new Prefix();
  private int sinceCommit;

  private MapDbRecords(Store store, int commitEvery, int slots) {
    this.store = store;
    this.commitEvery = commitEvery;
    records = new long[slots];
  }

  static Allocator direct(Path directory) {
    return new Opened(
        StoreDirect.Companion.make(
            directory.resolve("direct.db").toString(),
            MappedFileVol.FACTORY,
            0,
            false,
            true,
            CONCURRENCY_SHIFT,
            0,
            0,
            false,
            false,
            false,
            true,
            false),
        0);
  }

  static Allocator logged(Path directory) {
    return new Opened(
        StoreWAL.make(
            directory.resolve("wal.db").toString(),
            MappedFileVol.FACTORY,
            0,
            true,
            CONCURRENCY_SHIFT,
            0,
            0,
            false,
            false,
            false,
            true,
            false),
        RECORDS_A_COMMIT);
  }

  private record Opened(Store store, int commitEvery) implements Allocator {
    @Override
    public Blocks blocks(int slots) {
      return new MapDbRecords(store, commitEvery, slots);
    }

    @Override
    public void close() {
      store.close();
    }
  }

  @Override
  public void replace(int slot, int byteSize) {
    throw new UnsupportedOperationException("stores whole records only");
  }

  @Override
  public void replace(int slot, int byteSize, byte[] content) {
    long old = records[slot];
    if (old != 0) {
      store.delete(old, prefix);
    }
    prefix.length = byteSize;
    records[slot] = store.put(content, prefix);
    if (commitEvery > 0 && ++sinceCommit == commitEvery) {
      sinceCommit = 0;
      store.commit();
    }
  }

  /** Writes the begin of an array without a copy of it. */
  private static final class Prefix implements Serializer<byte[]> {
    private int length;

    @Override
    public void serialize(DataOutput2 out, byte[] value) throws IOException {
      out.write(value, 0, length);
    }

    @Override
    public byte[] deserialize(DataInput2 in, int available) throws IOException {
      byte[] value = new byte[available];
      in.readFully(value);
      return value;
    }
  }
}
