/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.testkit.CrashRecords;
import org.dmalloc.testkit.DoomedJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A JVM that stores to two managed regions of a group, makes checkpoints and moves the regions is
 * killed at random moments, as {@code kill -9} does. The regions then open as one checkpoint,
 * exactly, and as none that is older than the last whose call has returned: a move makes none of
 * half a step. {@code -Ddmalloc.kills=500} makes them more, {@code -Ddmalloc.seed=} the same ones
 * again.
 */
final class CheckpointedMoveCrashTest {
  private static final int KILLS = Integer.getInteger("dmalloc.kills", 12);
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime());
  private static final long RUN_MILLIS = 1_000;

  @TempDir private Path directory;

  @Test
  void opensAsOneFinishedCheckpointAfterEachKill() throws Exception {
    killAgainAndAgain(false);
  }

  @Test
  void isInOneOfTwoStoresAsOneFinishedCheckpointAfterEachKill() throws Exception {
    killAgainAndAgain(true);
  }

  private void killAgainAndAgain(boolean twoStores) throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    Files.createDirectory(directory.resolve("store"));
    Files.createDirectory(directory.resolve("second"));
    long checkpoints = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      try {
        run(random.nextLong(), random.nextLong(RUN_MILLIS), twoStores);
        checkpoints = twoStores ? verifyTheOne() : verify();
      } catch (Exception | AssertionError e) {
        throw new AssertionError("kill " + kill + " of seed " + SEED, e);
      }
    }
    assertTrue(checkpoints > KILLS, "only " + checkpoints + " checkpoints");
  }

  private void run(long seed, long runMillis, boolean twoStores) throws Exception {
    Path notes = directory.resolve(MoveCrashMain.NOTES);
    byte[] before = Files.exists(notes) ? Files.readAllBytes(notes) : new byte[0];
    try (DoomedJvm child =
        DoomedJvm.start(
            directory.resolve("child.txt"),
            MoveCrashMain.class,
            directory.toString(),
            Long.toString(seed),
            Boolean.toString(twoStores))) {
      child.await(
          "a checkpoint",
          () -> Files.exists(notes) && !Arrays.equals(before, Files.readAllBytes(notes)));
      child.await(runMillis);
    }
  }

  /** Returns the number of the last checkpoint. */
  private long verify() throws IOException {
    MemoryProvider provider = Rig.panama("verifier", directory.resolve("store"));
    try (MemoryRegion index = provider.open(MoveCrashMain.INDEX);
        MemoryRegion data = provider.open(MoveCrashMain.DATA)) {
      return verify(new CrashRecords(index, data), data);
    }
  }

  private long verifyTheOne() throws IOException {
    List<MemoryProvider> holders = new ArrayList<>();
    for (String store : List.of("store", "second")) {
      MemoryProvider provider = Rig.panama(store, directory.resolve(store));
      if (provider.stored(MoveCrashMain.DATA, null).isPresent()) {
        holders.add(provider);
      }
    }
    assertEquals(1, holders.size(), () -> "in " + holders.size() + " stores");
    try (MemoryRegion data = holders.getFirst().open(MoveCrashMain.DATA)) {
      return verify(CrashRecords.inOne(data), data);
    }
  }

  private long verify(CrashRecords records, MemoryRegion data) throws IOException {
    records.verify();
    long number = data.checkpoints().status().number();
    ByteBuffer note = ByteBuffer.wrap(Files.readAllBytes(directory.resolve(MoveCrashMain.NOTES)));
    long noted = note.getLong();
    assertTrue(number >= noted, "checkpoint " + number + " in place of " + noted);
    for (long count : records.counts()) {
      long least = note.getLong();
      assertTrue(count >= least, "a writer has made " + count + " steps, and had made " + least);
    }
    return number;
  }
}
