/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.CrashRecords;
import org.dmalloc.testkit.DoomedJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A JVM that stores to two regions of a group and makes checkpoints is killed at random moments, as
 * {@code kill -9} does. The regions then open as one checkpoint, exactly, and as none that is older
 * than the last whose call has returned. {@code -Ddmalloc.kills=500} makes them more, {@code
 * -Ddmalloc.seed=} the same ones again.
 */
class CheckpointCrashTest {
  private static final int KILLS = Integer.getInteger("dmalloc.kills", 30);
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime());
  private static final long START_MILLIS = 1200;
  private static final long RUN_MILLIS = 700;

  @TempDir private Path directory;

  @Test
  void opensAsOneFinishedCheckpointAfterEachKill() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    Files.createDirectory(directory.resolve("store"));
    long checkpoints = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      // Some while they start, which is when the journal is replayed.
      long millis = random.nextInt(4) == 0 ? random.nextLong(START_MILLIS) : -1;
      try {
        run(random.nextLong(), millis, random.nextLong(RUN_MILLIS));
        checkpoints = verify();
      } catch (Exception | AssertionError e) {
        throw new AssertionError("kill " + kill + " of seed " + SEED, e);
      }
    }
    assertTrue(checkpoints > KILLS / 4, "only " + checkpoints + " checkpoints");
  }

  private void run(long seed, long killAfterMillis, long runMillis) throws Exception {
    Path notes = directory.resolve(CheckpointCrashMain.NOTES);
    byte[] before = Files.exists(notes) ? Files.readAllBytes(notes) : new byte[0];
    try (DoomedJvm child =
        DoomedJvm.start(
            directory.resolve("child.txt"),
            CheckpointCrashMain.class,
            directory.toString(),
            Long.toString(seed))) {
      if (killAfterMillis >= 0) {
        child.await(killAfterMillis);
      } else {
        child.await(
            "a checkpoint",
            () -> Files.exists(notes) && !Arrays.equals(before, Files.readAllBytes(notes)));
        child.await(runMillis);
      }
    }
  }

  /** Returns the number of the last checkpoint. */
  private long verify() throws IOException {
    PanamaProvider provider =
        new PanamaProvider(PanamaSettings.in(RegionStore.open(directory.resolve("store"))));
    List<String> there = new ArrayList<>();
    provider.stored().forEach(each -> there.add(each.name()));
    if (there.size() < 2) {
      return 0; // killed while it made them
    }
    try (MemoryRegion index = provider.open(CheckpointCrashMain.INDEX);
        MemoryRegion data = provider.open(CheckpointCrashMain.DATA)) {
      CrashRecords records = new CrashRecords(index, data);
      records.verify();
      long number = index.checkpoints().status().number();
      Path notes = directory.resolve(CheckpointCrashMain.NOTES);
      if (Files.exists(notes)) {
        requireNoOlder(ByteBuffer.wrap(Files.readAllBytes(notes)), number, records.counts());
      }
      return number;
    }
  }

  private static void requireNoOlder(ByteBuffer note, long number, long[] counts) {
    if (note.remaining() < 8 * (1 + counts.length)) {
      return;
    }
    long noted = note.getLong();
    assertTrue(number >= noted, "checkpoint " + number + " in place of " + noted);
    for (long count : counts) {
      long least = note.getLong();
      assertTrue(count >= least, "a writer has made " + count + " steps, and had made " + least);
    }
  }
}
