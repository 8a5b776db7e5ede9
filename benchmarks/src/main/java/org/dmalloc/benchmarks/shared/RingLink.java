/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.shared;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.shared.MessageRing;
import org.dmalloc.shared.SharedMemoryService;

/** Two rings in one region, one for each direction. */
final class RingLink implements Link {
  private static final String NAME = "link";
  private static final long CAPACITY = 1L << 20;
  private static final int BATCH = 64;
  private static final Duration LONGEST = Duration.ofMinutes(2);

  private final Dmalloc dmalloc;
  private final MemoryRegion region;
  private final MessageRing out;
  private final MessageRing in;

  private RingLink(Dmalloc dmalloc, MemoryRegion region, MessageRing out, MessageRing in) {
    this.dmalloc = dmalloc;
    this.region = region;
    this.out = out;
    this.in = in;
  }

  static RingLink open(Path directory, End end) throws IOException {
    Dmalloc dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
    MemoryProvider panama = dmalloc.provider("panama");
    SharedMemoryService service = SharedMemoryService.load();
    long second = MessageRing.byteSize(CAPACITY);
    if (end == End.PARENT) {
      MemoryRegion region =
          panama.allocate(RegionRequest.ofSize(2 * second).withName(NAME).withProcessShared(true));
      return new RingLink(
          dmalloc,
          region,
          service.createRing(region, 0, CAPACITY),
          service.createRing(region, second, CAPACITY));
    }
    MemoryRegion region = panama.open(OpenRequest.of(NAME).withProcessShared(true));
    return new RingLink(
        dmalloc, region, service.openRing(region, second), service.openRing(region, 0));
  }

  @Override
  public void send(byte[] message) throws IOException, InterruptedException {
    if (!out.offer(message, LONGEST)) {
      throw new IOException("no room for " + LONGEST);
    }
  }

  @Override
  public void sendAll(List<byte[]> messages) throws IOException, InterruptedException {
    if (out.offerAll(messages, LONGEST) != messages.size()) {
      throw new IOException("no room for " + LONGEST);
    }
  }

  @Override
  public List<byte[]> receive() throws IOException, InterruptedException {
    List<byte[]> messages = in.pollAll(BATCH, LONGEST);
    if (messages.isEmpty()) {
      throw new IOException("no message for " + LONGEST);
    }
    return messages;
  }

  @Override
  public void close() {
    region.close();
    dmalloc.close();
  }
}
