/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SnapshotMethod;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.RegionIds;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.api.backing.StoredBacking;

/** Makes snapshots of a {@link ReferenceRegion} in the plainest way: all at once. */
record ReferenceSnapshot(ReferenceRegion region, ReferenceGate gate, SnapshotRequest request) {
  SnapshotResult take() throws MemoryException {
    long start = System.nanoTime();
    if (!(request.target() instanceof StoreProvider store)) {
      throw new UnsupportedOperationException("name a target with a store");
    }
    if (!region.info().open()) {
      throw new IllegalStateException("region is closed");
    }
    if (region.info().pinned() && !region.flawed(Flaw.SNAPSHOT_OF_A_PINNED_REGION)) {
      throw new IllegalStateException("it is pinned");
    }
    boolean cleared = region.flawed(Flaw.SNAPSHOT_ON_AN_INTERRUPTED_THREAD) && Thread.interrupted();
    long size = region.byteSize();
    BackingRegion copy =
        store.allocateSnapshot(
            RegionRequest.ofSize(size).withName(request.name()), RegionIds.next());
    StoredBacking file = copy.stored().orElseThrow();
    Instant[] takenAt = new Instant[1];
    boolean done = false;
    try {
      if (region.flawed(Flaw.SNAPSHOT_PUBLISHED_EARLY)) {
        file.publishSnapshot(origin(Instant.EPOCH));
        done = true;
      }
      Runnable cut =
          () -> {
            takenAt[0] = Instant.ofEpochMilli(System.currentTimeMillis());
            copy(copy.backing());
          };
      if (region.flawed(Flaw.SNAPSHOT_TORN)) {
        cut.run();
      } else {
        gate.alone(Duration.ofSeconds(10), cut);
      }
      tell(size);
      if (region.length() != size && !region.flawed(Flaw.SNAPSHOT_WITHOUT_LENGTH)) {
        copy.setLength(region.length());
      }
      copy.force();
      if (!done) {
        file.publishSnapshot(origin(takenAt[0]));
      }
      done = true;
    } finally {
      if (done) {
        copy.close();
      } else {
        file.discard();
      }
      if (cleared) {
        Thread.currentThread().interrupt();
      }
    }
    long nanos = System.nanoTime() - start;
    return new SnapshotResult(
        request.name(),
        store.fileOf(request.name(), request.directory()),
        size,
        takenAt[0],
        SnapshotMethod.PAUSED_COPY,
        "",
        size,
        1,
        nanos,
        nanos);
  }

  private SnapshotOrigin origin(Instant takenAt) {
    return new SnapshotOrigin(region.info().name(), takenAt);
  }

  /** In steps, so that a copy that nobody waits for is torn. */
  private void copy(MemorySegment to) {
    MemorySegment from = region.memory();
    long size = to.byteSize() - (region.flawed(Flaw.SNAPSHOT_CUT) ? 8 : 0);
    for (long at = 0; at < size; at += ContractTheme.PAGE) {
      long length = Math.min(ContractTheme.PAGE, size - at);
      MemorySegment.copy(from, at, to, at, length);
      if (region.flawed(Flaw.SNAPSHOT_TORN)) {
        Await.letOthersRun();
      }
    }
  }

  private void tell(long size) throws MemoryException {
    try {
      request.progress().progressed(size, size);
    } catch (RuntimeException e) {
      throw MemoryException.of(
          "snapshot", size, "", "cancelled: " + e.getMessage(), MemoryException.NO_ERRNO, "", e);
    }
  }
}
