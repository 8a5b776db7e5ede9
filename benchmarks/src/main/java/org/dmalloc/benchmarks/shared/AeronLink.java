/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.shared;

import io.aeron.Aeron;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Two streams of Aeron's IPC. The driver is in the parent, on one thread; messages do not go
 * through it. Between looks an end does what its idle strategy says.
 */
final class AeronLink implements Link {
  private static final String CHANNEL = "aeron:ipc";
  private static final int TO_CHILD = 1001;
  private static final int TO_PARENT = 1002;
  private static final int BATCH = 64;
  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(2);

  private final @Nullable MediaDriver driver;
  private final Aeron aeron;
  private final Publication out;
  private final Subscription in;
  private final IdleStrategy idle;

  private AeronLink(
      @Nullable MediaDriver driver,
      Aeron aeron,
      Publication out,
      Subscription in,
      IdleStrategy idle) {
    this.driver = driver;
    this.aeron = aeron;
    this.out = out;
    this.in = in;
    this.idle = idle;
  }

  static AeronLink open(Path directory, End end, boolean busy) {
    String name = directory.resolve("aeron").toString();
    MediaDriver driver =
        end == End.CHILD
            ? null
            : MediaDriver.launch(
                new MediaDriver.Context()
                    .aeronDirectoryName(name)
                    .dirDeleteOnStart(true)
                    .dirDeleteOnShutdown(true)
                    .threadingMode(ThreadingMode.SHARED)
                    .sharedIdleStrategy(new BackoffIdleStrategy()));
    Aeron aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(name));
    int out = end == End.PARENT ? TO_CHILD : TO_PARENT;
    int in = end == End.PARENT ? TO_PARENT : TO_CHILD;
    return new AeronLink(
        driver,
        aeron,
        aeron.addPublication(CHANNEL, out),
        aeron.addSubscription(CHANNEL, in),
        busy ? new BusySpinIdleStrategy() : new BackoffIdleStrategy());
  }

  @Override
  public void send(byte[] message) throws IOException {
    UnsafeBuffer buffer = new UnsafeBuffer(message);
    long start = System.nanoTime();
    while (out.offer(buffer) < 0) {
      idle(start, "no room");
    }
    idle.reset();
  }

  private void idle(long start, String what) throws IOException {
    idle.idle();
    if (System.nanoTime() - start > LONGEST_NANOS) {
      throw new IOException(what + " for two minutes");
    }
  }

  @Override
  public void sendAll(List<byte[]> messages) throws IOException {
    for (byte[] message : messages) {
      send(message);
    }
  }

  @Override
  public List<byte[]> receive() throws IOException {
    List<byte[]> messages = new ArrayList<>();
    long start = System.nanoTime();
    while (in.poll(
            (buffer, offset, length, header) -> {
              byte[] message = new byte[length];
              buffer.getBytes(offset, message);
              messages.add(message);
            },
            BATCH)
        == 0) {
      idle(start, "no message");
    }
    idle.reset();
    return messages;
  }

  @Override
  public void close() {
    aeron.close();
    if (driver != null) {
      driver.close();
    }
  }
}
