/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import java.io.IOException;
import java.nio.file.Path;

/** A way to make changed pages durable. */
enum Way {
  PLAIN(
      "plain",
      "as many bytes, written in order to two files, an fdatasync after each",
      true,
      TwoWrites::new),
  CHECKPOINT(
      "checkpoint",
      "MemoryRegion.checkpoint()",
      true,
      (d, n) -> new CheckpointedPages(d.resolve("checkpoint"), n)),
  MSYNC(
      "msync",
      "a shared mapping, msync; not atomic",
      true,
      (d, n) -> new SharedMapping(d.resolve("shared"), n)),
  LMDB(
      "lmdb",
      "records of 4096 bytes in one transaction; each takes two of its pages",
      true,
      (d, n) -> new LmdbRecords(d.resolve("lmdb"), n, PageBytes.BYTES)),
  LMDB_FITTING(
      "lmdb-4080",
      "records of 4080 bytes in one transaction; each takes one of its pages",
      true,
      (d, n) -> new LmdbRecords(d.resolve("lmdb-4080"), n, PageBytes.BYTES - 16)),
  COPY("copy", "all of the memory, written to a file, fdatasync", false, FullCopy::new),
  FICLONE(
      "ficlone",
      "a shared mapping on XFS, msync, then a copy that shares the blocks, fsync",
      false,
      (d, n) -> new ReflinkCopy(d.resolve("ficlone"), n));

  private final String label;
  private final String description;
  private final boolean inARow;

  @SuppressWarnings("ImmutableEnumChecker") // a function without state
  private final Opener opener;

  Way(String label, String description, boolean inARow, Opener opener) {
    this.label = label;
    this.description = description;
    this.inARow = inARow;
    this.opener = opener;
  }

  /** Opens one in a directory, over so many pages that have been made durable once. */
  @FunctionalInterface
  private interface Opener {
    Persistence open(Path directory, int pages) throws IOException, InterruptedException;
  }

  String label() {
    return label;
  }

  String description() {
    return description;
  }

  /** Whether it is measured time after time too; not what writes all of the pages each time. */
  boolean inARow() {
    return inARow;
  }

  Persistence open(Path directory, int pages) throws IOException, InterruptedException {
    return opener.open(directory, pages);
  }
}
