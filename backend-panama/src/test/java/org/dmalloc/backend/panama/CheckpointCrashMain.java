/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.SplittableRandom;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.CrashRecords;

/** The JVM that {@link CheckpointCrashTest} kills: {@code DIRECTORY SEED}. */
final class CheckpointCrashMain {
  static final String INDEX = "index";
  static final String DATA = "data";
  static final String NOTES = "notes";
  static final long SIZE = 8L << 20;
  static final long MAXIMUM = 32L << 20;

  private CheckpointCrashMain() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    SplittableRandom random = new SplittableRandom(Long.parseLong(args[1]));
    PanamaProvider provider =
        new PanamaProvider(PanamaSettings.in(RegionStore.open(directory.resolve("store"))));
    CheckpointOptions options = CheckpointOptions.DEFAULT.withGroup("both");
    if (random.nextBoolean()) {
      options = options.withEvery(Duration.ofMillis(5)); // beside those that are asked for
    }
    MemoryRegion index = region(provider, INDEX, options);
    MemoryRegion data = region(provider, DATA, options);
    CrashRecords records = new CrashRecords(index, data);
    records.verify();
    try (FileChannel notes =
        FileChannel.open(
            directory.resolve(NOTES), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int writer = 0; writer < CrashRecords.WRITERS; writer++) {
        int number = writer;
        Thread.ofPlatform().daemon().start(() -> records.writeForEver(number));
      }
      while (true) {
        step(index, data, records, notes, random);
      }
    }
  }

  private static MemoryRegion region(
      PanamaProvider provider, String name, CheckpointOptions options) throws MemoryException {
    boolean stored = provider.stored().stream().anyMatch(each -> name.equals(each.name()));
    return stored
        ? provider.open(OpenRequest.of(name).withMaximum(MAXIMUM).withCheckpoints(options))
        : provider.allocate(
            RegionRequest.ofSize(SIZE).withName(name).withMaximum(MAXIMUM).checkpointed(options));
  }

  private static void step(
      MemoryRegion index,
      MemoryRegion data,
      CrashRecords records,
      FileChannel notes,
      SplittableRandom random)
      throws IOException {
    long[] counts = records.counts();
    long number = index.checkpoint();
    // The kernel keeps what a killed process has written.
    ByteBuffer note = ByteBuffer.allocate(8 * (1 + counts.length));
    note.putLong(number);
    for (long count : counts) {
      note.putLong(count);
    }
    notes.write(note.flip(), 0);
    if (random.nextInt(20) == 0 && data.byteSize() < MAXIMUM) {
      data.resize(data.byteSize() + (1L << 20));
    }
    if (random.nextInt(30) == 0) {
      index.discard(); // writers go on with what it leaves, which the next opening verifies
    }
  }
}
