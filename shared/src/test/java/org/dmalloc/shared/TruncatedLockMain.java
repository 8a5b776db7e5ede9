/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.dmalloc.api.MemoryException;

/**
 * The JVM whose file is cut short under its locks: {@code DIRECTORY BYTES WARM}. It ends with
 * status 0 if every call threw a {@link MemoryException}.
 */
final class TruncatedLockMain {
  private static final int CALLS = 200;

  private TruncatedLockMain() {}

  @FunctionalInterface
  private interface Call {
    Object make() throws Exception;
  }

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    long capacity = RobustLock.BYTES;
    long ringAt = 2 * RobustLock.BYTES;
    SharedTestRegion region =
        SharedTestRegion.ofFile(directory, ringAt + MessageRing.byteSize(capacity));
    SharedMemoryService service = SharedMemoryService.load();
    MessageRing ring = service.createRing(region, ringAt, capacity);
    RobustLock lock = service.createLock(region, 0);
    RobustReadWriteLock readWrite = service.createReadWriteLock(region, RobustLock.BYTES);
    for (int i = 0; i < Integer.parseInt(args[2]); i++) {
      lock.acquire().close();
      readWrite.reading().acquire().close();
      readWrite.writing().tryAcquire(Duration.ofSeconds(1)).orElseThrow().close();
      ring.offer(new byte[100]);
      ring.take();
    }
    Held held = lock.acquire();
    try (FileChannel channel =
        FileChannel.open(SharedTestRegion.file(directory), StandardOpenOption.WRITE)) {
      channel.truncate(Long.parseLong(args[1]));
    }
    refused(
        () -> {
          held.close();
          return held;
        });
    for (int i = 0; i < CALLS; i++) {
      refused(lock::acquire);
      refused(lock::tryAcquire);
      refused(lock::state);
      refused(readWrite.reading()::acquire);
      refused(readWrite.writing()::acquire);
      refused(() -> ring.offer(new byte[100]));
      refused(ring::take);
      refused(() -> service.openLock(region, 0));
    }
    System.exit(0);
  }

  private static void refused(Call call) throws Exception {
    Object result;
    try {
      result = call.make();
    } catch (MemoryException e) {
      return;
    }
    throw new IllegalStateException("no exception, but " + result);
  }
}
