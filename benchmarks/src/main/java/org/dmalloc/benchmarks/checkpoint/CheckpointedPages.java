/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.Access;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;

/** A checkpointed region of {@code panama}, a section for each page. */
final class CheckpointedPages implements Persistence {
  /** So that no bound comes into it: two checkpoints of all pages. */
  private static final long BOUND_TIMES = 3;

  private final Dmalloc dmalloc = Dmalloc.open();
  private final MemoryRegion region;

  CheckpointedPages(Path directory, int pages) throws IOException {
    region = make(dmalloc, Files.createDirectory(directory), pages);
  }

  /** A region all of whose pages are in a checkpoint and in the file. */
  static MemoryRegion make(Dmalloc dmalloc, Path directory, int pages) throws IOException {
    MemoryProvider provider = dmalloc.start("panama", Map.of("directory", directory.toString()));
    long byteSize = (long) pages * PageBytes.BYTES;
    CheckpointOptions options =
        CheckpointOptions.DEFAULT
            .withPrivateBytes(Math.max(1L << 30, BOUND_TIMES * byteSize))
            .withOnClose(false);
    MemoryRegion region =
        provider.allocate(RegionRequest.ofSize(byteSize).withName("pages").checkpointed(options));
    // Two, so that both places of the journal are written before anything is measured.
    for (int stamp = 0; stamp < 2; stamp++) {
      for (int page = 0; page < pages; page++) {
        store(region, page, stamp);
      }
      region.checkpoint();
    }
    region.checkpoints().awaitApplied();
    return region;
  }

  static void store(MemoryRegion region, int page, long stamp) {
    try (Access access = region.acquire()) {
      PageBytes.fill(access.segment(), (long) page * PageBytes.BYTES, page, stamp);
    }
  }

  @Override
  public void store(int[] pages, long stamp) {
    for (int page : pages) {
      store(region, page, stamp);
    }
  }

  @Override
  public void persist() throws IOException {
    region.checkpoint();
  }

  @Override
  public void settle() throws IOException {
    region.checkpoints().awaitApplied();
  }

  @Override
  public long load(int page) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG_UNALIGNED, (long) page * PageBytes.BYTES);
    }
  }

  @Override
  public Optional<CheckpointStatus> status() {
    return Optional.of(region.checkpoints().status());
  }

  @Override
  public void close() throws IOException {
    try (dmalloc) {
      region.close();
    }
  }
}
