/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.ResourceEvent;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.spi.limits.ResourceMonitor;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.testkit.MemoryGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A JVM in a real control group hears that its memory runs short, shrinks, and hears that too. */
@Timeout(120)
class GroupMemoryEventTest {
  private static final long LIMIT_BYTES = 400L << 20;

  @Test
  void aListenerHearsBeforeTheKernelKills() throws Exception {
    try (MemoryGroup group = MemoryGroup.of(LIMIT_BYTES)) {
      Process process =
          new ProcessBuilder(
                  group.running(
                      List.of(
                          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                          "-Xmx64m",
                          "-XX:TieredStopAtLevel=1",
                          "-XX:+UseSerialGC",
                          "--enable-native-access=ALL-UNNAMED",
                          "-cp",
                          System.getProperty("java.class.path"),
                          Growing.class.getName())))
              .redirectErrorStream(true)
              .start();
      List<String> lines;
      try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
        lines = reader.readAllLines();
      }
      assertEquals(0, process.waitFor(), lines.toString());
      assertEquals(List.of("REACHED " + LIMIT_BYTES, "LEFT " + LIMIT_BYTES), lines);
    }
  }

  /** Runs in the other JVM: takes memory until it is told, and gives it back. */
  static final class Growing {
    private static final long PIECE_BYTES = 8 << 20;

    private Growing() {}

    public static void main(String[] args) throws Exception {
      PrintStream out = System.out;
      BlockingQueue<ResourceEvent> events = new LinkedBlockingQueue<>();
      try (ResourceMonitor monitor =
          new ResourceMonitor(KernelFiles.ofThisMachine(), List::of, Duration.ofMillis(5))) {
        monitor.listen(
            event -> {
              if (event.use().kind() == ResourceKind.GROUP_MEMORY) {
                events.add(event);
              }
            });
        ResourceEvent told = null;
        try (Arena arena = Arena.ofShared()) {
          for (long taken = 0; told == null && taken < LIMIT_BYTES; taken += PIECE_BYTES) {
            arena.allocate(PIECE_BYTES).fill((byte) 1);
            told = events.poll(300, TimeUnit.MILLISECONDS);
          }
        }
        out.println(told == null ? "not told" : told.direction() + " " + told.use().limit());
        ResourceEvent left = events.poll(60, TimeUnit.SECONDS);
        out.println(left == null ? "not told" : left.direction() + " " + left.use().limit());
      }
    }
  }
}
