/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.testkit.CrashRecords;

/**
 * The JVM that {@link CheckpointedMoveCrashTest} kills, {@code DIRECTORY SEED TWO_STORES}: stores
 * to two managed regions of a group, or to one between two stores, makes checkpoints, and moves the
 * regions meanwhile.
 */
final class MoveCrashMain {
  static final String INDEX = "index";
  static final String DATA = "data";
  static final String NOTES = "notes";
  private static final long SIZE = 8L << 20;
  private static final long MAXIMUM = 32L << 20;

  private MoveCrashMain() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    SplittableRandom random = new SplittableRandom(Long.parseLong(args[1]));
    boolean twoStores = Boolean.parseBoolean(args[2]);
    Rig rig = new Rig(10_000);
    rig.add(Rig.panama("one", directory.resolve("store")), 2);
    rig.add(Rig.panama("other", directory.resolve(twoStores ? "second" : "store")), 1);
    CheckpointOptions options = CheckpointOptions.DEFAULT.withOnClose(random.nextBoolean());
    if (!twoStores) {
      options = options.withGroup("both");
    }
    MemoryRegion data = region(rig, DATA, options);
    MemoryRegion index = twoStores ? data : region(rig, INDEX, options);
    CrashRecords records = twoStores ? CrashRecords.inOne(data) : new CrashRecords(index, data);
    records.verify();
    try (FileChannel notes =
        FileChannel.open(
            directory.resolve(NOTES), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int writer = 0; writer < CrashRecords.WRITERS; writer++) {
        int number = writer;
        Thread.ofPlatform().daemon().start(() -> records.writeForEver(number));
      }
      while (true) {
        long[] counts = records.counts();
        note(notes, index.checkpoint(), counts);
        for (int moves = random.nextInt(3); moves > 0; moves--) {
          rig.move(random.nextBoolean() ? index : data, random.nextBoolean() ? "one" : "other");
        }
        if (random.nextInt(20) == 0 && data.byteSize() < MAXIMUM) {
          data.resize(data.byteSize() + (1L << 20));
        }
        if (random.nextInt(30) == 0) {
          index.discard(); // writers go on with what it leaves, which the next opening verifies
        }
      }
    }
  }

  private static MemoryRegion region(Rig rig, String name, CheckpointOptions options)
      throws MemoryException {
    boolean stored = rig.provider.stored().stream().anyMatch(each -> name.equals(each.name()));
    return stored
        ? rig.provider.open(OpenRequest.of(name).withMaximum(MAXIMUM).withCheckpoints(options))
        : rig.provider.allocate(
            RegionRequest.ofSize(SIZE).withName(name).withMaximum(MAXIMUM).checkpointed(options));
  }

  /** The kernel keeps what a killed process has written. */
  private static void note(FileChannel notes, long number, long[] counts) throws IOException {
    ByteBuffer note = ByteBuffer.allocate(8 * (1 + counts.length));
    note.putLong(number);
    for (long count : counts) {
      note.putLong(count);
    }
    notes.write(note.flip(), 0);
  }
}
