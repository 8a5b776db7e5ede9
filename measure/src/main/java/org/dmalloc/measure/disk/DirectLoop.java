/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;

/**
 * The raw disk by {@code pread} and {@code pwrite} past the page cache (O_DIRECT), one thread per
 * request under way: for machines without fio. Threads cost more CPU than one asynchronous queue;
 * with few processors the figure at depth 32 is a little too low.
 */
public final class DirectLoop implements RawDisk {
  private static final int SIGNIFICANT_DIGITS = 3;

  @Override
  public RawFigure measure(Path file, RawPattern pattern, int queueDepth, Duration time)
      throws IOException, InterruptedException {
    long blocks = Files.size(file) / pattern.blockBytes();
    if (blocks < 1) {
      throw new IOException(
          "raw disk "
              + file
              + ": smaller than one block of "
              + pattern.blockBytes()
              + " bytes; use a larger size");
    }
    AtomicLong nextInOrder = new AtomicLong();
    List<Future<Histogram>> results = new ArrayList<>();
    Histogram all = new Histogram(SIGNIFICANT_DIGITS);
    long begin = System.nanoTime();
    long deadline = begin + time.toNanos();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            queueDepth, Thread.ofPlatform().name("dmalloc-raw-", 0).daemon(true).factory())) {
      try {
        for (int i = 0; i < queueDepth; i++) {
          SplittableRandom random = new SplittableRandom(i);
          results.add(
              threads.submit(
                  () ->
                      requests(
                          file,
                          pattern,
                          deadline,
                          () ->
                              pattern.sequential()
                                  ? nextInOrder.getAndIncrement() % blocks
                                  : random.nextLong(blocks))));
        }
        for (Future<Histogram> result : results) {
          all.add(result.get());
        }
      } finally {
        // Closes the channels of threads that still work, which ends them.
        threads.shutdownNow();
      }
    } catch (ExecutionException e) {
      throw new IOException("raw disk " + file + ": " + e.getCause(), e.getCause());
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    return new RawFigure(
        pattern,
        queueDepth,
        all.getTotalCount() / seconds,
        all.getValueAtPercentile(50),
        all.getValueAtPercentile(99),
        all.getValueAtPercentile(99.9),
        (pattern.writes() ? "pwrite" : "pread") + " O_DIRECT, threads: " + queueDepth);
  }

  /**
   * The option O_DIRECT of the JDK's module jdk.unsupported. It is looked up by name in the
   * platform's loader: javac warns of an import, and a bundle would have to import the package.
   */
  public static OpenOption direct() throws IOException {
    try {
      Class<?> options =
          Class.forName(
              "com.sun.nio.file.ExtendedOpenOption", true, ClassLoader.getPlatformClassLoader());
      return (OpenOption) options.getField("DIRECT").get(null);
    } catch (ReflectiveOperationException e) {
      throw new IOException("raw disk: this Java has no direct I/O; install fio", e);
    }
  }

  private static Histogram requests(
      Path file, RawPattern pattern, long deadline, LongSupplier choice) throws IOException {
    OpenOption mode = pattern.writes() ? StandardOpenOption.WRITE : StandardOpenOption.READ;
    Histogram histogram = new Histogram(SIGNIFICANT_DIGITS);
    try (FileChannel channel = FileChannel.open(file, mode, direct())) {
      int alignment = (int) Math.max(4096, Files.getFileStore(file).getBlockSize());
      ByteBuffer buffer =
          ByteBuffer.allocateDirect(pattern.blockBytes() + alignment - 1).alignedSlice(alignment);
      long before = System.nanoTime();
      // Once at least: on a busy machine the time may end before a thread begins.
      do {
        buffer.position(0).limit(pattern.blockBytes());
        long position = choice.getAsLong() * pattern.blockBytes();
        int done =
            pattern.writes() ? channel.write(buffer, position) : channel.read(buffer, position);
        if (done != pattern.blockBytes()) {
          throw new IOException(
              String.format(
                  Locale.ROOT,
                  "%s of %d bytes at %d gave %d; the file was cut short meanwhile",
                  pattern.label(),
                  pattern.blockBytes(),
                  position,
                  done));
        }
        long after = System.nanoTime();
        histogram.recordValue(after - before);
        before = after;
      } while (before < deadline);
      if (pattern.writes()) {
        // Writes count when the disk has them.
        channel.force(false);
      }
    }
    return histogram;
  }
}
